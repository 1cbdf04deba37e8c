package io.brickcache.cache.data;

import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MetadataException;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The data area: a superblock of 4 KiB, at 64 KiB the commit log, from 1 MiB on the slots.
 *
 * <pre>
 * offset  bytes  superblock (big-endian)
 *      0      8  magic "BRICKSSD"
 *      8      4  format version
 *     12      4  block size, bytes
 *     16     16  UUID of the cache
 *     32      8  number of slots
 *     40      4  CRC32C of the bytes before
 * </pre>
 *
 * The 4 KiB behind it are scratch: what they hold means nothing. Neither does the rest up to the commit log.
 */
public record SsdLayout(UUID cache, BlockShape shape, int slots) {

    public static final int FORMAT_VERSION = 1;
    public static final int SUPERBLOCK_BYTES = 4096;
    /** Behind the superblock: written and read to find out whether the area works. */
    public static final int PROBE_OFFSET = SUPERBLOCK_BYTES;

    public static final int PROBE_BYTES = 4096;
    /** The commit log: a ring up to the slots. */
    public static final int LOG_OFFSET = 1 << 16;

    public static final long FIRST_SLOT_OFFSET = 1 << 20;
    public static final int LOG_BYTES = (int) FIRST_SLOT_OFFSET - LOG_OFFSET;
    public static final int MAX_SLOTS = CacheRecord.MAX_SLOTS;

    private static final long MAGIC = 0x425249434B535344L;
    private static final int CHECKED_BYTES = 40;

    /** Where the slot begins, in bytes from the start of the data area. */
    public long slotOffset(int slot) {
        return FIRST_SLOT_OFFSET + ((long) slot << shape.blockShift());
    }

    /** Size of the whole area. */
    public long areaBytes() {
        return slotOffset(slots);
    }

    /** Slots that fit into an area of that size; at least 0. */
    public static long slotsIn(long areaBytes, BlockShape shape) {
        return Math.max(0, areaBytes - FIRST_SLOT_OFFSET) >> shape.blockShift();
    }

    /** Writes the superblock at the buffer's position: {@link #SUPERBLOCK_BYTES} bytes. */
    public void encode(ByteBuffer out) {
        int start = out.position();
        out.putLong(MAGIC).putInt(FORMAT_VERSION).putInt(shape.blockBytes());
        out.putLong(cache.getMostSignificantBits()).putLong(cache.getLeastSignificantBits());
        out.putLong(slots);
        out.putInt(checksum(out.slice(start, CHECKED_BYTES)));
        while (out.position() < start + SUPERBLOCK_BYTES) {
            out.put((byte) 0);
        }
    }

    /** Reads what {@link #encode} wrote and checks that it is this area's. */
    public void check(ByteBuffer in, String path) throws MetadataException {
        int start = in.position();
        if (in.getLong() != MAGIC) {
            throw mismatch(path + " holds no brickcache data area: another disk, or overwritten");
        }
        int version = in.getInt();
        if (version != FORMAT_VERSION) {
            throw mismatch(path + " has data format " + version + ", this program knows " + FORMAT_VERSION);
        }
        int blockBytes = in.getInt();
        UUID uuid = new UUID(in.getLong(), in.getLong());
        long count = in.getLong();
        if (in.getInt() != checksum(in.slice(start, CHECKED_BYTES))) {
            throw new MetadataException(MetadataException.Kind.CORRUPT, path + " has a damaged superblock");
        }
        if (!uuid.equals(cache) || blockBytes != shape.blockBytes() || count != slots) {
            throw mismatch(path + " is the data area of cache " + uuid + " (" + count + " slots of " + blockBytes
                    + " bytes), expected " + cache + " (" + slots + " of " + shape.blockBytes() + ")");
        }
    }

    private static MetadataException mismatch(String message) {
        return new MetadataException(MetadataException.Kind.MISMATCH, message);
    }

    private static int checksum(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
