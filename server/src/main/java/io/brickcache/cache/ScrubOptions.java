package io.brickcache.cache;

/**
 * When caches are scrubbed by themselves.
 *
 * @param intervalNs from the end of a scrub to the next, 1 h to a year, in nanoseconds; 0 for never
 * @param bytesPerSecond how fast the SSD is read, at most; 1 MiB to 64 GiB
 */
public record ScrubOptions(long intervalNs, long bytesPerSecond) {

    public static final long MIN_INTERVAL_NS = 3_600_000_000_000L;
    public static final long MAX_INTERVAL_NS = 365 * 24 * MIN_INTERVAL_NS;
    public static final long MIN_BYTES_PER_SECOND = 1L << 20;
    public static final long MAX_BYTES_PER_SECOND = 64L << 30;

    /** Every 30 days at 64 MiB/s, as arrays are scrubbed elsewhere (md, ZFS: monthly). */
    public static final ScrubOptions DEFAULTS = new ScrubOptions(30 * 24 * MIN_INTERVAL_NS, 64L << 20);

    public ScrubOptions {
        if (intervalNs != 0 && (intervalNs < MIN_INTERVAL_NS || intervalNs > MAX_INTERVAL_NS)) {
            throw new IllegalArgumentException(
                    "cache.scrub_interval is " + intervalNs + " ns, must be 1h to 8760h, or off");
        }
        if (bytesPerSecond < MIN_BYTES_PER_SECOND || bytesPerSecond > MAX_BYTES_PER_SECOND) {
            throw new IllegalArgumentException(
                    "cache.scrub_rate is " + bytesPerSecond + " bytes a second, must be 1MiB to 64GiB");
        }
    }
}
