package io.brickcache.cache.index;

import io.brickcache.cache.index.MetadataException.Kind;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * What a cache is; key "cache" in the CACHE family.
 *
 * <pre>
 * version 4, UUID 16, block bytes 4, slots 4, generation 8, clean shutdown 1 (big-endian)
 * </pre>
 *
 * @param generation how often the cache has been opened
 * @param clean closed in order and not opened since
 */
public record CacheRecord(UUID uuid, int blockBytes, int slots, long generation, boolean clean) {

    public static final int FORMAT_VERSION = 2;

    /** Slot numbers are ints with room for a tag; 4 TiB of 4 KiB blocks. */
    public static final int MAX_SLOTS = 1 << 30;

    private static final int BYTES = 37;

    public static byte[] key() {
        return new byte[] {'c', 'a', 'c', 'h', 'e'};
    }

    public byte[] encode() {
        return ByteBuffer.allocate(BYTES)
                .putInt(FORMAT_VERSION)
                .putLong(uuid.getMostSignificantBits())
                .putLong(uuid.getLeastSignificantBits())
                .putInt(blockBytes)
                .putInt(slots)
                .putLong(generation)
                .put((byte) (clean ? 1 : 0))
                .array();
    }

    /** Reads what {@link #encode} wrote; anything else is a {@link MetadataException}. */
    public static CacheRecord decode(ByteBuffer in) throws MetadataException {
        int version = in.remaining() < 4 ? -1 : in.getInt();
        if (version != FORMAT_VERSION) {
            throw new MetadataException(
                    Kind.MISMATCH, "the metadata has format " + version + ", this program knows " + FORMAT_VERSION);
        }
        if (in.remaining() != BYTES - 4) {
            throw new MetadataException(Kind.CORRUPT, "the cache record has " + (in.remaining() + 4) + " bytes");
        }
        CacheRecord record = new CacheRecord(
                new UUID(in.getLong(), in.getLong()), in.getInt(), in.getInt(), in.getLong(), in.get() != 0);
        if (!BlockShape.isBlockSize(record.blockBytes) || record.slots < 1 || record.slots > MAX_SLOTS) {
            throw new MetadataException(
                    Kind.CORRUPT,
                    "the cache record speaks of " + record.slots + " slots of " + record.blockBytes + " bytes");
        }
        return record;
    }

    public CacheRecord opened() {
        return new CacheRecord(uuid, blockBytes, slots, generation + 1, false);
    }

    public CacheRecord closed() {
        return new CacheRecord(uuid, blockBytes, slots, generation, true);
    }
}
