package io.brickcache.cache.index;

/**
 * How blocks divide into units of validity. A unit is a sector of 512 bytes, except that a block never has more than 64
 * of them, so that one {@code long} says which are valid: with 64 KiB blocks a unit is 1 KiB, and what is not aligned
 * to it goes around the cache.
 *
 * @param blockBytes 4, 8, 16, 32 or 64 KiB
 */
public record BlockShape(int blockBytes) {

    public static final int SECTOR_BYTES = 512;
    public static final int MIN_BLOCK_BYTES = 4 << 10;
    public static final int MAX_BLOCK_BYTES = 64 << 10;

    public BlockShape {
        if (!isBlockSize(blockBytes)) {
            throw new IllegalArgumentException("block size " + blockBytes + " is not one of 4, 8, 16, 32 and 64 KiB");
        }
    }

    /** True for 4, 8, 16, 32 and 64 KiB. */
    public static boolean isBlockSize(int bytes) {
        return Integer.bitCount(bytes) == 1 && bytes >= MIN_BLOCK_BYTES && bytes <= MAX_BLOCK_BYTES;
    }

    public int unitBytes() {
        return Math.max(SECTOR_BYTES, blockBytes >> 6);
    }

    public int unitsPerBlock() {
        return blockBytes / unitBytes();
    }

    public int blockShift() {
        return Integer.numberOfTrailingZeros(blockBytes);
    }

    /** All units of a block. */
    public long fullMask() {
        return mask(0, blockBytes);
    }

    /** Units that lie wholly in the bytes [from, to) of a block. */
    public long mask(int from, int to) {
        int unit = unitBytes();
        int first = (from + unit - 1) / unit;
        int end = to / unit;
        if (end <= first) {
            return 0;
        }
        int count = end - first;
        return (count == 64 ? -1L : (1L << count) - 1) << first;
    }

    /** Units that the bytes [from, to) of a block touch. */
    public long cover(int from, int to) {
        int unit = unitBytes();
        return mask(from / unit * unit, (to + unit - 1) / unit * unit);
    }

    /** True if the bytes [from, to) of a block are whole units. */
    public boolean isAligned(int from, int to) {
        return (from | to) % unitBytes() == 0;
    }
}
