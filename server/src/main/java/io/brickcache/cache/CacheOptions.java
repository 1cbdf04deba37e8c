package io.brickcache.cache;

/**
 * How a cache uses memory and time. The defaults of a node, for every cache of it.
 *
 * @param bufferBytes I/O memory of the loop, a power of two from 64 MiB (room for one request of 32 MiB at any
 *     alignment) to 1 GiB
 * @param commitIntervalNs longest time between two metadata commits, 10 ms to 10 s, in nanoseconds: what a power cut
 *     may take back of the writes that no FLUSH followed
 * @param dirtyLowPercent share of the slots below which only what is too old is demoted, 0 to 99
 * @param dirtyHighPercent share of the slots above which demotion goes before reads, above the low mark and up to 100
 * @param maxDirtyAgeNs age at which dirty data is demoted at any share, 1 s to 30 days, in nanoseconds
 * @param idleDelayNs a brick without a request for so long counts as idle, 1 s to 30 days, in nanoseconds
 * @param metadataMemoryBytes memory of the metadata store, 4 MiB to 16 GiB
 */
public record CacheOptions(
        int bufferBytes,
        long commitIntervalNs,
        int dirtyLowPercent,
        int dirtyHighPercent,
        long maxDirtyAgeNs,
        long idleDelayNs,
        long metadataMemoryBytes) {

    public static final int MIN_BUFFER_BYTES = 64 << 20;
    public static final int MAX_BUFFER_BYTES = 1 << 30;
    public static final long MIN_COMMIT_INTERVAL_NS = 10_000_000L;
    public static final long MAX_COMMIT_INTERVAL_NS = 10_000_000_000L;
    public static final int MAX_DIRTY_PERCENT = 100;
    public static final long MIN_DIRTY_AGE_NS = 1_000_000_000L;
    public static final long MAX_DIRTY_AGE_NS = 30 * 86_400_000_000_000L;
    public static final long MIN_METADATA_MEMORY_BYTES = 4L << 20;
    public static final long MAX_METADATA_MEMORY_BYTES = 16L << 30;

    /** 128 MiB of buffers, a commit per second, marks at 70 % and 80 %, an hour, idle after two seconds, 64 MiB for metadata. */
    public static final CacheOptions DEFAULTS =
            new CacheOptions(128 << 20, 1_000_000_000L, 70, 80, 3_600_000_000_000L, 2_000_000_000L, 64L << 20);

    public CacheOptions {
        if (Integer.bitCount(bufferBytes) != 1 || bufferBytes < MIN_BUFFER_BYTES || bufferBytes > MAX_BUFFER_BYTES) {
            throw new IllegalArgumentException(
                    "cache.buffers is " + bufferBytes + " bytes, must be a power of two, 64MiB to 1GiB");
        }
        if (commitIntervalNs < MIN_COMMIT_INTERVAL_NS || commitIntervalNs > MAX_COMMIT_INTERVAL_NS) {
            throw new IllegalArgumentException(
                    "cache.commit_interval is " + commitIntervalNs + " ns, must be 10ms to 10s");
        }
        if (dirtyLowPercent < 0 || dirtyHighPercent > MAX_DIRTY_PERCENT) {
            throw new IllegalArgumentException("cache.dirty_low and cache.dirty_high are " + dirtyLowPercent + "% and "
                    + dirtyHighPercent + "%, must be 0% to " + MAX_DIRTY_PERCENT + "%");
        }
        if (dirtyLowPercent >= dirtyHighPercent) {
            throw new IllegalArgumentException("cache.dirty_low is " + dirtyLowPercent
                    + "%, must be less than cache.dirty_high (" + dirtyHighPercent + "%)");
        }
        if (maxDirtyAgeNs < MIN_DIRTY_AGE_NS || maxDirtyAgeNs > MAX_DIRTY_AGE_NS) {
            throw new IllegalArgumentException("cache.max_dirty_age is " + maxDirtyAgeNs + " ns, must be 1s to 720h");
        }
        if (idleDelayNs < MIN_DIRTY_AGE_NS || idleDelayNs > MAX_DIRTY_AGE_NS) {
            throw new IllegalArgumentException("cache.idle_delay is " + idleDelayNs + " ns, must be 1s to 720h");
        }
        if (metadataMemoryBytes < MIN_METADATA_MEMORY_BYTES || metadataMemoryBytes > MAX_METADATA_MEMORY_BYTES) {
            throw new IllegalArgumentException(
                    "cache.metadata_memory is " + metadataMemoryBytes + " bytes, must be 4MiB to 16GiB");
        }
    }
}
