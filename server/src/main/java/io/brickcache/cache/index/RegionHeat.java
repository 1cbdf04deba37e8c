package io.brickcache.cache.index;

import io.brickcache.cache.index.MetadataStore.Family;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How often each 2 MiB region of a brick is read, written, and read from the SSD: counts that halve every hour, kept in
 * the HEAT family so that hot stays hot over a restart. They are advice: nothing is wrong if they are old or missing.
 *
 * <pre>
 * key: brick 1, chunk of 256 regions 4      value: version 1, 256 x { reads 2, writes 2, hits 2 } (big-endian)
 * </pre>
 */
public final class RegionHeat {

    /** Hits that make a region hot: more than one reader's passing by. */
    private static final int HOT_HITS = 2;

    private static final int CHUNK_SHIFT = 8;
    private static final int CHUNK = 1 << CHUNK_SHIFT;
    private static final byte VERSION = 1;
    private static final int VALUE_BYTES = 1 + 6 * CHUNK;
    private static final int HALF_LIFE_TICKS = 36_000;
    /** Records of one save: about 400 KiB. */
    private static final int MAX_SAVED = 256;

    private static final class Chunk {
        final short[] reads = new short[CHUNK];
        final short[] writes = new short[CHUNK];
        final short[] hits = new short[CHUNK];
        int decayedAt;
        boolean changed;

        void decay(int tick) {
            int passed = (tick - decayedAt) / HALF_LIFE_TICKS;
            if (passed > 0) {
                decayedAt += passed * HALF_LIFE_TICKS;
                int halvings = Math.min(16, passed);
                for (short[] counts : new short[][] {reads, writes, hits}) {
                    for (int i = 0; i < CHUNK; i++) {
                        counts[i] = (short) ((counts[i] & 0xFFFF) >> halvings);
                    }
                }
            }
        }
    }

    private final int brick;
    private @Nullable Chunk[] chunks;
    private int saveCursor;

    /** For {@code regions} regions of brick number {@code brick}. */
    public RegionHeat(int brick, int regions) {
        this.brick = brick;
        this.chunks = new Chunk[chunksFor(regions)];
    }

    private static int chunksFor(int regions) {
        return (regions + CHUNK - 1) / CHUNK;
    }

    /** The brick has more regions now. */
    public void grow(int regions) {
        chunks = Arrays.copyOf(chunks, chunksFor(regions));
    }

    /** A request read from the region; {@code hit} if all of it came from the SSD. */
    public void read(int region, boolean hit, int tick) {
        Chunk chunk = touch(region, tick);
        increment(chunk.reads, region);
        if (hit) {
            increment(chunk.hits, region);
        }
    }

    /** A request wrote to the region. */
    public void written(int region, int tick) {
        increment(touch(region, tick).writes, region);
    }

    public boolean isHot(int region) {
        Chunk chunk = chunks[region >> CHUNK_SHIFT];
        return chunk != null && (chunk.hits[region & CHUNK - 1] & 0xFFFF) >= HOT_HITS;
    }

    /** How much the region is used: reads, writes and hits, as far as they are remembered. */
    public int weight(int region) {
        Chunk chunk = chunks[region >> CHUNK_SHIFT];
        int i = region & CHUNK - 1;
        return chunk == null ? 0 : (chunk.reads[i] & 0xFFFF) + (chunk.writes[i] & 0xFFFF) + (chunk.hits[i] & 0xFFFF);
    }

    /** Adds what has changed since the last save, round robin and at most about 400 KiB. */
    public void save(MetadataBatch batch) {
        int saved = 0;
        int from = saveCursor;
        for (int i = 0; i < chunks.length && saved < MAX_SAVED; i++) {
            int at = (from + i) % chunks.length;
            Chunk chunk = chunks[at];
            if (chunk != null && chunk.changed) {
                chunk.changed = false;
                put(batch, at, chunk);
                saved++;
                saveCursor = at + 1;
            }
        }
    }

    private void put(MetadataBatch batch, int at, Chunk chunk) {
        ByteBuffer out =
                batch.beginPut(Family.HEAT, key(brick, at), VALUE_BYTES).put(VERSION);
        for (int i = 0; i < CHUNK; i++) {
            out.putShort(chunk.reads[i]).putShort(chunk.writes[i]).putShort(chunk.hits[i]);
        }
        batch.endPut();
    }

    /** Takes a record of this brick; one that does not fit is passed over. */
    public void load(ByteBuffer key, ByteBuffer value, int tick) {
        int at = key.getInt(key.position() + 1);
        if (at < 0 || at >= chunks.length || value.remaining() != VALUE_BYTES || value.get() != VERSION) {
            return;
        }
        Chunk chunk = new Chunk();
        chunk.decayedAt = tick;
        for (int i = 0; i < CHUNK; i++) {
            chunk.reads[i] = value.getShort();
            chunk.writes[i] = value.getShort();
            chunk.hits[i] = value.getShort();
        }
        chunks[at] = chunk;
    }

    /** The brick that a record belongs to, or -1. */
    public static int brickOf(ByteBuffer key) {
        return key.remaining() == 5 ? Byte.toUnsignedInt(key.get(key.position())) : -1;
    }

    /** Deletes all records of a brick. */
    public static void deleteAll(MetadataBatch batch, int brick) {
        batch.deleteRange(Family.HEAT, key(brick, 0), key(brick, -1));
    }

    private static byte[] key(int brick, int chunk) {
        return ByteBuffer.allocate(5).put((byte) brick).putInt(chunk).array();
    }

    private Chunk touch(int region, int tick) {
        int at = region >> CHUNK_SHIFT;
        Chunk chunk = chunks[at];
        if (chunk == null) {
            chunk = new Chunk();
            chunk.decayedAt = tick;
            chunks[at] = chunk;
        }
        chunk.decay(tick);
        chunk.changed = true;
        return chunk;
    }

    private static void increment(short[] counts, int region) {
        int i = region & CHUNK - 1;
        if (counts[i] != -1) {
            counts[i]++;
        }
    }

    /** Bytes on the heap. */
    public long memoryBytes() {
        return 4L * chunks.length
                + 6L * CHUNK * Arrays.stream(chunks).filter(c -> c != null).count();
    }
}
