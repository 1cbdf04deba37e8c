package io.brickcache.meta;

import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A record in the {@link CommitLog}. It begins at a multiple of {@link #ALIGNMENT} bytes; what is behind it up to
 * the next multiple means nothing. All numbers big-endian.
 *
 * <pre>
 * offset  bytes
 *      0      4  magic "BLOG"
 *      4      4  version
 *      8      4  length of the body
 *     12      8  number
 *     20      4  CRC32C of the UUID of the cache, the bytes before, and the body
 *     24         body: the entries of a batch
 * </pre>
 *
 * @param position where it begins in the log
 * @param body its entries
 */
record LogRecord(long number, int position, ByteBuffer body) {

    static final int ALIGNMENT = 4096;
    static final int FORMAT_VERSION = 1;
    static final int HEAD_BYTES = 24;

    private static final int MAGIC = 0x424C4F47;
    private static final int CHECKED_HEAD_BYTES = 20;

    /** Bytes that a record with that body takes, rounded up. */
    static int totalBytes(int bodyBytes) {
        return Math.addExact(HEAD_BYTES + ALIGNMENT - 1, bodyBytes) & -ALIGNMENT;
    }

    int totalBytes() {
        return totalBytes(body.remaining());
    }

    /**
     * Writes the head at the start of {@code out}, before the body of {@code bodyBytes} that is there already.
     *
     * @param crc is used for it
     */
    static void seal(ByteBuffer out, long number, int bodyBytes, byte[] cache, int version, CRC32C crc) {
        out.putInt(0, MAGIC).putInt(4, version).putInt(8, bodyBytes).putLong(12, number);
        out.putInt(CHECKED_HEAD_BYTES, checksum(crc, out, bodyBytes, cache));
    }

    /**
     * The record of that cache which begins at {@code position} of {@code log}, its body a part of it; null if there is none,
     * or none that is whole.
     *
     * @throws MetadataException MISMATCH if it is whole and of a version that this program does not know
     */
    static @Nullable LogRecord at(int position, ByteBuffer log, byte[] cache) throws MetadataException {
        ByteBuffer in = log.slice(position, log.limit() - position);
        int bodyBytes = in.getInt(8);
        boolean fits = in.getInt(0) == MAGIC && bodyBytes >= 0 && bodyBytes <= in.limit() - HEAD_BYTES;
        if (!fits || checksum(new CRC32C(), in, bodyBytes, cache) != in.getInt(CHECKED_HEAD_BYTES)) {
            return null;
        }
        if (in.getInt(4) != FORMAT_VERSION) {
            throw new MetadataException(
                    Kind.MISMATCH,
                    "the commit log has a record of version " + in.getInt(4) + ", this program knows " + FORMAT_VERSION
                            + ". Use the version of brickcached that wrote it");
        }
        return new LogRecord(in.getLong(12), position, in.slice(HEAD_BYTES, bodyBytes));
    }

    private static int checksum(CRC32C crc, ByteBuffer in, int bodyBytes, byte[] cache) {
        crc.reset();
        crc.update(cache);
        crc.update(in.position(0).limit(CHECKED_HEAD_BYTES));
        crc.update(in.limit(HEAD_BYTES + bodyBytes).position(HEAD_BYTES));
        in.clear();
        return (int) crc.getValue();
    }

    /** How a cache is named in the checksums. */
    static byte[] bytes(UUID cache) {
        return ByteBuffer.allocate(16)
                .putLong(cache.getMostSignificantBits())
                .putLong(cache.getLeastSignificantBits())
                .array();
    }
}
