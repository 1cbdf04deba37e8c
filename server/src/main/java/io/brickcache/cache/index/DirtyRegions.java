package io.brickcache.cache.index;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How many dirty blocks each 2 MiB region of one brick has, about where, and since when. Kept in chunks of 4096 regions
 * (8 GiB) that exist only where something was ever dirty.
 */
public final class DirtyRegions {

    public static final int REGION_BYTES = 2 << 20;
    public static final int NONE = -1;

    /** {@link #positionings} is never more. */
    public static final int MAX_POSITIONINGS = 13;

    private static final int FOOTPRINT_SHIFT = 15;
    private static final int BYTES_PER_REGION = 2 + 4 + 4 + 8;
    private static final int CHUNK_SHIFT = 12;
    private static final int CHUNK = 1 << CHUNK_SHIFT;

    private static final class Chunk {
        final short[] dirty = new short[CHUNK];
        /** When the first of the blocks that are dirty now became so, in ticks. */
        final int[] since = new int[CHUNK];

        /** {@link #clock} at the last write. */
        final int[] lastWrite = new int[CHUNK];

        /** A bit for each 32 KiB in which something became dirty since the region was clean. */
        final long[] footprint = new long[CHUNK];

        final long[] any = new long[CHUNK / 64];
    }

    private @Nullable Chunk[] chunks;
    private int regions;
    private final int blocksPerRegionShift;
    private final int footprintShift;
    private long dirtyBlocks;
    private int dirtyRegions;
    /** Blocks written, wrapping. */
    private int clock;

    public DirtyRegions(long sizeBytes, BlockShape shape) {
        this.regions = regionsIn(sizeBytes);
        this.chunks = new Chunk[(regions >> CHUNK_SHIFT) + 1];
        this.blocksPerRegionShift = Integer.numberOfTrailingZeros(REGION_BYTES) - shape.blockShift();
        this.footprintShift = FOOTPRINT_SHIFT - shape.blockShift();
    }

    private static int regionsIn(long sizeBytes) {
        return Math.toIntExact((sizeBytes + REGION_BYTES - 1) / REGION_BYTES);
    }

    /** The brick is larger now. */
    public void grow(long sizeBytes) {
        regions = regionsIn(sizeBytes);
        chunks = Arrays.copyOf(chunks, (regions >> CHUNK_SHIFT) + 1);
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
        chunk.lastWrite[i] = clock++;
        chunk.footprint[i] |= footprint(block);
        dirtyBlocks++;
    }

    private long footprint(long block) {
        long inRegion = block & blocksPerRegion() - 1;
        // A block of 64 KiB has two bits.
        return footprintShift >= 0 ? 1L << (inRegion >> footprintShift) : 3L << 2 * inRegion;
    }

    /** A dirty block of the region was written again. */
    public void rewritten(long block) {
        int region = regionOf(block);
        chunk(region).lastWrite[region & CHUNK - 1] = clock++;
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
            chunk.footprint[i] = 0;
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

    /** Blocks of the brick written since the last write to the region; only for a region that is dirty. */
    public int writesSince(int region) {
        return clock - 1 - chunk(region).lastWrite[region & CHUNK - 1];
    }

    /**
     * About how often a disk has to position to write the dirty blocks of the region upwards, if it passes over gaps of up
     * to 128 KiB; at least 1. Blocks that became clean while others did not may still count.
     */
    public int positionings(int region) {
        long f = chunk(region).footprint[region & CHUNK - 1];
        return Math.max(1, Long.bitCount(f & ~(f << 1 | f << 2 | f << 3 | f << 4)));
    }

    /** True if both this region and the one below are dirty near their border: one positioning less together. */
    public boolean joinsBelow(int region) {
        return region > 0
                && dirty(region) > 0
                && dirty(region - 1) > 0
                && (chunk(region).footprint[region & CHUNK - 1] & 0xF) != 0
                && chunk(region - 1).footprint[region - 1 & CHUNK - 1] >>> 60 != 0;
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
        return 4L * chunks.length + used * (CHUNK * BYTES_PER_REGION + CHUNK / 8);
    }

    private Chunk chunk(int region) {
        Chunk chunk = chunks[region >> CHUNK_SHIFT];
        if (chunk == null) {
            throw new IllegalStateException("region " + region + " has never been dirty");
        }
        return chunk;
    }
}
