package io.brickcache.sim;

import io.brickcache.env.sim.SeededEntropy;
import java.nio.ByteBuffer;

/**
 * What a write puts into a sector: 64 words made from write id, brick and sector, so that a byte that is stale,
 * misplaced or of another brick gives itself away. Words 0 to 2 name the origin, the rest follows from them.
 */
final class SectorContent {

    static final int SECTOR_BYTES = 512;
    /** The id of content that is all zeroes. */
    static final long ZEROES = 0;
    /** The answer for content that no write put there, or not into this sector. */
    static final long FOREIGN = -1;

    private static final long BRICK_MARK = 0x6272_6963_6B00_0000L;
    private static final long STEP = 0x9E37_79B9_7F4A_7C15L;
    private static final int HEADER_BYTES = 3 * Long.BYTES;

    private SectorContent() {}

    /** Writes the content of {@code length} bytes, whole sectors, at absolute positions from {@code index}. */
    static void fill(ByteBuffer to, int index, int length, long writeId, int brick, long firstSector) {
        for (int done = 0; done < length; done += SECTOR_BYTES) {
            long sector = firstSector + done / SECTOR_BYTES;
            int at = index + done;
            to.putLong(at, writeId).putLong(at + 8, sector).putLong(at + 16, BRICK_MARK | brick);
            long word = start(writeId, brick, sector);
            for (int i = HEADER_BYTES; i < SECTOR_BYTES; i += Long.BYTES) {
                word += STEP;
                to.putLong(at + i, word);
            }
        }
    }

    /** The write whose content is there, whole, in its own place; ZEROES or FOREIGN if there is none. */
    static long writeIdAt(ByteBuffer in, int index, int brick, long sector) {
        long id = in.getLong(index);
        if (id == ZEROES) {
            return isZero(in, index) ? ZEROES : FOREIGN;
        }
        boolean own = in.getLong(index + 8) == sector && in.getLong(index + 16) == (BRICK_MARK | brick);
        return own && bodyMatches(in, index, id, brick, sector) ? id : FOREIGN;
    }

    /** Says whose content is there. */
    static String describe(ByteBuffer in, int index) {
        long id = in.getLong(index);
        long sector = in.getLong(index + 8);
        long mark = in.getLong(index + 16);
        if ((mark & ~0xFFFFFFL) != BRICK_MARK) {
            return isZero(in, index)
                    ? "zeroes"
                    : "bytes no write made: %016x %016x %016x ...".formatted(id, sector, mark);
        }
        int brick = (int) (mark & 0xFFFFFF);
        String origin = "write " + id + " of brick b" + brick + " sector " + sector;
        int wrong = firstWrongByte(in, index, id, brick, sector);
        return wrong < 0 ? origin : origin + ", damaged from byte " + wrong + " on";
    }

    private static long start(long writeId, int brick, long sector) {
        return SeededEntropy.mix(writeId * STEP + SeededEntropy.mix(sector * 31 + brick));
    }

    private static boolean isZero(ByteBuffer in, int index) {
        for (int i = 0; i < SECTOR_BYTES; i += Long.BYTES) {
            if (in.getLong(index + i) != 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean bodyMatches(ByteBuffer in, int index, long id, int brick, long sector) {
        return firstWrongByte(in, index, id, brick, sector) < 0;
    }

    private static int firstWrongByte(ByteBuffer in, int index, long id, int brick, long sector) {
        long word = start(id, brick, sector);
        for (int i = HEADER_BYTES; i < SECTOR_BYTES; i += Long.BYTES) {
            word += STEP;
            if (in.getLong(index + i) != word) {
                return i;
            }
        }
        return -1;
    }
}
