package io.brickcache.cache.index;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How many dirty blocks each 2 MiB region of one brick has, and since when. Counts are kept in chunks of 4096 regions
 * (8 GiB) that exist only where something was ever dirty.
 */
public final class DirtyRegions {

    public static final int REGION_BYTES = 2 << 20;
    public static final int NONE = -1;

    private static final int CHUNK_SHIFT = 12;
    private static final int CHUNK = 1 << CHUNK_SHIFT;

    private static final class Chunk {
        final short[] dirty = new short[CHUNK];
        /** When the first of the blocks that are dirty now became so, in ticks. */
        final int[] since = new int[CHUNK];

        final int[] lastWrite = new int[CHUNK];
        final long[] any = new long[CHUNK / 64];
    }

    private final @Nullable Chunk[] chunks;
    private final int regions;
    private final int blocksPerRegionShift;
    private long dirtyBlocks;
    private int dirtyRegions;

    public DirtyRegions(long sizeBytes, BlockShape shape) {
        this.regions = Math.toIntExact((sizeBytes + REGION_BYTES - 1) / REGION_BYTES);
        this.chunks = new Chunk[(regions >> CHUNK_SHIFT) + 1];
        this.blocksPerRegionShift = Integer.numberOfTrailingZeros(REGION_BYTES) - shape.blockShift();
    }

    public int regions() {
        return regions;
    }

    public int regionOf(long block) {
        return (int) (block >> blocksPerRegionShift);
    }

    public long firstBlock(int region) {
        return (long) region << blocksPerRegionShift;
    }

    public int blocksPerRegion() {
        return 1 << blocksPerRegionShift;
    }

    public long dirtyBlocks() {
        return dirtyBlocks;
    }

    public int dirtyRegions() {
        return dirtyRegions;
    }

    /** A block of the region became dirty that was not. */
    public void added(long block, int tick) {
        int region = regionOf(block);
        Chunk chunk = chunks[region >> CHUNK_SHIFT];
        if (chunk == null) {
            chunk = new Chunk();
            chunks[region >> CHUNK_SHIFT] = chunk;
        }
        int i = region & CHUNK - 1;
        if (chunk.dirty[i]++ == 0) {
            chunk.any[i >> 6] |= 1L << i;
            chunk.since[i] = tick;
            dirtyRegions++;
        }
        chunk.lastWrite[i] = tick;
        dirtyBlocks++;
    }

    /** A dirty block of the region was written again. */
    public void rewritten(long block, int tick) {
        int region = regionOf(block);
        chunk(region).lastWrite[region & CHUNK - 1] = tick;
    }

    /** A block of the region is no longer dirty. */
    public void removed(long block) {
        int region = regionOf(block);
        Chunk chunk = chunk(region);
        int i = region & CHUNK - 1;
        if (chunk.dirty[i] == 0) {
            throw new IllegalStateException("region " + region + " has no dirty block to lose");
        }
        if (--chunk.dirty[i] == 0) {
            chunk.any[i >> 6] &= ~(1L << i);
            dirtyRegions--;
        }
        dirtyBlocks--;
    }

    /** A sweep has passed: what is dirty now became dirty not before {@code tick}. */
    public void swept(int region, int tick) {
        if (dirty(region) > 0) {
            chunk(region).since[region & CHUNK - 1] = tick;
        }
    }

    public int dirty(int region) {
        Chunk chunk = chunks[region >> CHUNK_SHIFT];
        return chunk == null ? 0 : chunk.dirty[region & CHUNK - 1];
    }

    /** Tick since which the region has had dirty blocks; only for a region that has. */
    public int since(int region) {
        return chunk(region).since[region & CHUNK - 1];
    }

    /** Tick of the last write to a dirty block; only for a region that has some. */
    public int lastWrite(int region) {
        return chunk(region).lastWrite[region & CHUNK - 1];
    }

    /** The first region from {@code from} on that has dirty blocks, or NONE. */
    public int next(int from) {
        int region = from;
        while (region < regions) {
            Chunk chunk = chunks[region >> CHUNK_SHIFT];
            int i = region & CHUNK - 1;
            if (chunk != null) {
                int word = i >> 6;
                long bits = chunk.any[word] & -1L << i;
                while (bits == 0 && ++word < chunk.any.length) {
                    bits = chunk.any[word];
                }
                if (bits != 0) {
                    return (region & -CHUNK) + (word << 6) + Long.numberOfTrailingZeros(bits);
                }
            }
            region = (region & -CHUNK) + CHUNK;
        }
        return NONE;
    }

    /** Tick since which the oldest dirty block may have been dirty, or {@code now} if nothing is. Walks all regions. */
    public int oldest(int now) {
        int oldest = now;
        for (int region = next(0); region != NONE; region = next(region + 1)) {
            if (since(region) - oldest < 0) {
                oldest = since(region);
            }
        }
        return oldest;
    }

    /** Bytes on the heap. */
    public long memoryBytes() {
        long used = Arrays.stream(chunks).filter(c -> c != null).count();
        return 4L * chunks.length + used * CHUNK * 11;
    }

    private Chunk chunk(int region) {
        Chunk chunk = chunks[region >> CHUNK_SHIFT];
        if (chunk == null) {
            throw new IllegalStateException("region " + region + " has never been dirty");
        }
        return chunk;
    }
}
