package io.brickcache.meta;

import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The layout of a spare journal. All numbers big-endian.
 *
 * <pre>
 * header   magic "BRICKSPR" 8, version 4, UUID of the cache 16, CRC32C of the bytes before 4
 * record   length of the body 4, number 8, CRC32C of length, number and body 4, body
 * body     entries: {kind (0 put, 1 delete, 2 delete range) and family 4 + 4 bits, key length 2, value length 4, key, value}
 * </pre>
 *
 * @param number of the batch
 * @param body its entries
 */
record SpareRecord(long number, ByteBuffer body) {

    static final int HEADER_BYTES = 32;
    static final int HEAD_BYTES = 16;
    static final int FORMAT_VERSION = 1;

    /** Far above what is ever used up, and far below where numbers would begin to be negative. */
    static final long MAX_NUMBER = 1L << 62;

    private static final long MAGIC = 0x425249434B535052L;
    private static final int CHECKED_HEADER_BYTES = 28;
    private static final int CHECKED_HEAD_BYTES = 12;
    /** A number is at most so much above the one before: failed batches leave no more. */
    private static final long MAX_GAP = 1L << 32;

    static ByteBuffer header(UUID cache) {
        ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES);
        out.putLong(MAGIC).putInt(FORMAT_VERSION);
        out.putLong(cache.getMostSignificantBits()).putLong(cache.getLeastSignificantBits());
        CRC32C crc = new CRC32C();
        crc.update(out.duplicate().flip());
        return out.putInt((int) crc.getValue()).flip();
    }

    static void checkHeader(ByteBuffer in, UUID cache, Path file) throws MetadataException {
        if (in.remaining() < HEADER_BYTES || in.getLong(0) != MAGIC) {
            throw new MetadataException(
                    Kind.CORRUPT, file + " is no spare journal: cut short, overwritten, or somebody else's. Keep it");
        }
        CRC32C crc = new CRC32C();
        crc.update(in.slice(0, CHECKED_HEADER_BYTES));
        if ((int) crc.getValue() != in.getInt(CHECKED_HEADER_BYTES)) {
            throw new MetadataException(
                    Kind.CORRUPT, "The spare journal " + file + " has a damaged header. Keep it; check its disk");
        }
        int version = in.getInt(8);
        if (version != FORMAT_VERSION) {
            throw new MetadataException(
                    Kind.MISMATCH,
                    "The spare journal " + file + " has format " + version + ", this program knows " + FORMAT_VERSION
                            + ". Use the version of brickcached that wrote it");
        }
        UUID found = new UUID(in.getLong(12), in.getLong(20));
        if (!found.equals(cache)) {
            throw new MetadataException(
                    Kind.MISMATCH,
                    "The spare journal " + file + " is that of cache " + found + ", not of " + cache
                            + ". Give it its name back");
        }
    }

    /** What goes before the body. */
    static ByteBuffer head(long number, ByteBuffer body) {
        ByteBuffer out = ByteBuffer.allocate(HEAD_BYTES);
        out.putInt(body.remaining()).putLong(number);
        return out.putInt(checksum(out, body)).flip();
    }

    static int bodyBytes(ByteBuffer head) {
        return head.remaining() < HEAD_BYTES ? -1 : head.getInt(0);
    }

    /** The record of that head and body, or null if the checksum says otherwise. */
    static @Nullable SpareRecord of(ByteBuffer head, ByteBuffer body) {
        boolean whole = body.remaining() == head.getInt(0) && checksum(head, body) == head.getInt(CHECKED_HEAD_BYTES);
        return whole ? new SpareRecord(head.getLong(4), body) : null;
    }

    /** True if a head looks like that of a record with a number above {@code number}; {@code bytes} are behind it. */
    static boolean mayBeAbove(long number, ByteBuffer head, long bytes) {
        int length = head.getInt(0);
        long found = head.getLong(4);
        return length > 0 && length <= bytes && found > number && found - number < MAX_GAP;
    }

    /** The checksum of a record but for its body. */
    static CRC32C begunChecksum(ByteBuffer head) {
        CRC32C crc = new CRC32C();
        crc.update(head.slice(0, CHECKED_HEAD_BYTES));
        return crc;
    }

    static boolean isChecksum(ByteBuffer head, CRC32C crc) {
        return (int) crc.getValue() == head.getInt(CHECKED_HEAD_BYTES);
    }

    int totalBytes() {
        return HEAD_BYTES + body.limit();
    }

    private static int checksum(ByteBuffer head, ByteBuffer body) {
        CRC32C crc = begunChecksum(head);
        crc.update(body.duplicate());
        return (int) crc.getValue();
    }
}
