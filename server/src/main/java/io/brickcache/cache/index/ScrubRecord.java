package io.brickcache.cache.index;

import io.brickcache.cache.index.MetadataException.Kind;
import java.nio.ByteBuffer;

/**
 * When a cache was last scrubbed, and how far the periodic scrub under way is; key "scrub" in the CACHE family.
 *
 * <pre>
 * version 4, last 8, next slot 4 (big-endian)
 * </pre>
 *
 * @param lastMs end of the last whole scrub, wall clock, milliseconds since the Unix epoch; of a cache that never had one
 *     the time it was first opened
 * @param nextSlot where a periodic scrub goes on that a stop has cut short; 0 if none was under way
 */
public record ScrubRecord(long lastMs, int nextSlot) {

    private static final int VERSION = 1;
    private static final int BYTES = 16;

    public static byte[] key() {
        return new byte[] {'s', 'c', 'r', 'u', 'b'};
    }

    public byte[] encode() {
        return ByteBuffer.allocate(BYTES)
                .putInt(VERSION)
                .putLong(lastMs)
                .putInt(nextSlot)
                .array();
    }

    public static ScrubRecord decode(ByteBuffer in) throws MetadataException {
        int bytes = in.remaining();
        int version = bytes < 4 ? -1 : in.getInt();
        if (version != VERSION) {
            throw new MetadataException(
                    Kind.MISMATCH, "the scrub record has version " + version + ", this program knows " + VERSION);
        }
        if (bytes != BYTES) {
            throw new MetadataException(Kind.CORRUPT, "the scrub record has " + bytes + " bytes");
        }
        ScrubRecord record = new ScrubRecord(in.getLong(), in.getInt());
        if (record.nextSlot < 0) {
            throw new MetadataException(Kind.CORRUPT, "the scrub record goes on at slot " + record.nextSlot);
        }
        return record;
    }
}
