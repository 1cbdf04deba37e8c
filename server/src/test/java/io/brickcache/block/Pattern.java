package io.brickcache.block;

import java.nio.ByteBuffer;

/** Test data in which every 8 bytes tell where they belong and in which turn they were written. */
public final class Pattern {

    private Pattern() {}

    /** The bytes of [offset, offset+length), multiples of 8, as turn {@code seed} writes them. */
    public static byte[] of(long seed, long offset, int length) {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        for (int i = 0; i < length; i += Long.BYTES) {
            long mixed = (offset + i + seed * 0x9E3779B97F4A7C15L) * 0xBF58476D1CE4E5B9L;
            bytes.putLong(mixed ^ mixed >>> 31);
        }
        return bytes.array();
    }
}
