package io.brickcache.block.sim;

/**
 * What a {@link SimDevice} can do beyond reading and writing.
 *
 * @param preferredBytes a power of two of at least the medium's sector
 * @param canTrim TRIM changes content: each sector then reads as zeroes or as before. Else it does nothing
 * @param canFastZero WRITE_ZEROES with FAST_ZERO is done. Else it is NOT_SUPPORTED
 * @param readOnly mutations are refused
 * @param misuse what happens to requests that break the rules
 */
public record SimDeviceOptions(
        int preferredBytes, boolean canTrim, boolean canFastZero, boolean readOnly, Misuse misuse) {

    public static final SimDeviceOptions DEFAULT = new SimDeviceOptions(4096, true, true, false, Misuse.THROWS);

    public SimDeviceOptions withMisuse(Misuse value) {
        return new SimDeviceOptions(preferredBytes, canTrim, canFastZero, readOnly, value);
    }

    public SimDeviceOptions withReadOnly(boolean value) {
        return new SimDeviceOptions(preferredBytes, canTrim, canFastZero, value, misuse);
    }
}
