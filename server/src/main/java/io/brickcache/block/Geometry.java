package io.brickcache.block;

/**
 * What a caller must know of a device.
 *
 * @param sizeBytes size, a multiple of 512
 * @param sectorBytes smallest unit and alignment of READ and WRITE on the device and in memory: 512 or 4096
 * @param preferredBytes unit that costs least, a power of two of at least {@code sectorBytes}; data of a request should
 *     lie in its buffer at the same offset modulo this as on the device, with room up to the next multiple on both sides
 * @param canTrim TRIM frees space
 * @param canFastZero WRITE_ZEROES is cheaper than writing
 * @param readOnly the device refuses every mutation
 */
public record Geometry(
        long sizeBytes, int sectorBytes, int preferredBytes, boolean canTrim, boolean canFastZero, boolean readOnly) {

    public Geometry {
        if (sizeBytes < 0 || sizeBytes % 512 != 0) {
            throw new IllegalArgumentException("size " + sizeBytes + " is not a multiple of 512");
        }
        if (sectorBytes != 512 && sectorBytes != 4096) {
            throw new IllegalArgumentException("sector size " + sectorBytes + " is neither 512 nor 4096");
        }
        if (preferredBytes < sectorBytes || Integer.bitCount(preferredBytes) != 1) {
            throw new IllegalArgumentException("preferred size " + preferredBytes);
        }
    }

    /** The same of another size. */
    public Geometry withSize(long bytes) {
        return new Geometry(bytes, sectorBytes, preferredBytes, canTrim, canFastZero, readOnly);
    }

    /** True if [offset, offset+length) lies on the device. */
    public boolean contains(long offset, long length) {
        return offset >= 0 && length >= 0 && offset <= sizeBytes && length <= sizeBytes - offset;
    }
}
