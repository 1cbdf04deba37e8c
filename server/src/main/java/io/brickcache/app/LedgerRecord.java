package io.brickcache.app;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What the state directory says of one brick, for the time when its cache cannot be asked. Text of {@value #BYTES} bytes, one
 * sector, so that it is overwritten whole or not at all; padded with spaces, the last line a CRC32C of the lines before.
 *
 * @param dirtyBytes how much the SSD has that the disk has not: 0 is exact, more is about; {@link #UNKNOWN} if nobody knows
 * @param voidSince since when the disk may have been written without the cache: what the cache holds of it does not count;
 *     null while it counts
 * @param detached the brick was taken out while its cache could not be told
 * @param fingerprint of the disk at the last orderly stop, see {@link DiskFingerprint}; null while it may change
 */
record LedgerRecord(
        UUID brick,
        long dirtyBytes,
        @Nullable Instant voidSince,
        boolean detached,
        @Nullable Integer fingerprint) {

    static final int BYTES = 512;
    static final long UNKNOWN = -1;

    private static final String TITLE = "brickcache brick record 1";
    private static final String NONE = "-";

    /** For a brick of which nothing is recorded. */
    static LedgerRecord unknown(UUID brick) {
        return new LedgerRecord(brick, UNKNOWN, null, false, null);
    }

    /** For a brick whose disk has everything. */
    static LedgerRecord clean(UUID brick) {
        return new LedgerRecord(brick, 0, null, false, null);
    }

    boolean isVoid() {
        return voidSince != null;
    }

    /** True if the disk alone is the brick. */
    boolean isDiskWhole() {
        return dirtyBytes == 0 || isVoid();
    }

    LedgerRecord withDirtyBytes(long bytes) {
        return new LedgerRecord(brick, bytes, voidSince, detached, fingerprint);
    }

    LedgerRecord withFingerprint(@Nullable Integer print) {
        return new LedgerRecord(brick, dirtyBytes, voidSince, detached, print);
    }

    /** The disk is written without the cache from now on; keeps an earlier time. */
    LedgerRecord madeVoid(Instant now) {
        return new LedgerRecord(brick, 0, voidSince == null ? now : voidSince, detached, null);
    }

    LedgerRecord madeDetached(Instant now) {
        return new LedgerRecord(brick, 0, voidSince == null ? now : voidSince, true, null);
    }

    byte[] encode() {
        String lines = TITLE + "\nbrick " + brick + "\ndirty_bytes " + (dirtyBytes < 0 ? "unknown" : dirtyBytes)
                + "\ncache_void_since " + (voidSince == null ? NONE : voidSince)
                + "\ndetached " + (detached ? "yes" : "no")
                + "\nfingerprint " + (fingerprint == null ? NONE : hex(fingerprint)) + "\n";
        String text = lines + "crc32c " + hex(checksum(lines));
        return (text + " ".repeat(BYTES - 1 - text.length()) + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads what {@link #encode} wrote; fails if it is anything else. */
    static LedgerRecord decode(UUID brick, byte[] bytes) throws IOException {
        String text = new String(bytes, StandardCharsets.US_ASCII);
        int end = text.lastIndexOf("crc32c ");
        if (bytes.length != BYTES || end < 0) {
            throw new IOException("it has " + bytes.length + " bytes and is no record");
        }
        String lines = text.substring(0, end);
        if (!text.substring(end).strip().equals("crc32c " + hex(checksum(lines)))) {
            throw new IOException("its checksum is wrong");
        }
        Map<String, String> fields = new LinkedHashMap<>();
        for (String line : lines.split("\n", -1)) {
            int space = line.indexOf(' ');
            if (space > 0) {
                fields.put(line.substring(0, space), line.substring(space + 1));
            }
        }
        if (!lines.startsWith(TITLE + "\n") || !brick.toString().equals(fields.get("brick"))) {
            throw new IOException("it is of another version, or of another brick");
        }
        try {
            String since = field(fields, "cache_void_since");
            String dirty = field(fields, "dirty_bytes");
            String print = field(fields, "fingerprint");
            return new LedgerRecord(
                    brick,
                    dirty.equals("unknown") ? UNKNOWN : count(dirty),
                    since.equals(NONE) ? null : Instant.parse(since),
                    field(fields, "detached").equals("yes"),
                    print.equals(NONE) ? null : Integer.valueOf(Integer.parseUnsignedInt(print, 16)));
        } catch (NumberFormatException | DateTimeException e) {
            throw new IOException("it cannot be understood: " + e.getMessage(), e);
        }
    }

    private static String field(Map<String, String> fields, String name) throws IOException {
        String value = fields.get(name);
        if (value == null) {
            throw new IOException("it lacks " + name);
        }
        return value;
    }

    private static long count(String text) {
        long value = Long.parseLong(text);
        if (value < 0) {
            throw new NumberFormatException("dirty_bytes is " + text);
        }
        return value;
    }

    private static String hex(int value) {
        return String.format("%08x", value);
    }

    private static int checksum(String lines) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.wrap(lines.getBytes(StandardCharsets.US_ASCII)));
        return (int) crc.getValue();
    }
}
