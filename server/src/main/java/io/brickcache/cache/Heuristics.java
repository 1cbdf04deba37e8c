package io.brickcache.cache;

import io.brickcache.cache.index.JournalBounds;
import io.brickcache.cache.policy.ReadAround;

/**
 * From when on a stream counts as one, how much is read around, how much the cache may cost the disk, how much demotion syncs at
 * a time, and how long the journal gets: fixed in the service, varied by the simulation.
 *
 * @param readStreamBytes a stream of reads so long is not promoted
 * @param soleStreamBytes a stream of writes so long, alone on its brick, is written around
 * @param clusterBytes what to read around a miss, a power of two from {@link ReadAround#GRAIN_BYTES} to
 *     {@link ReadAround#WINDOW_BYTES}; 0: what would have paid
 * @param allowedRegret positionings that a disk may have had more than without a cache before it is spared; see {@link
 *     DiskRegret}
 * @param demotionPortionNs how long the disk should be busy with what demotion syncs at a time while writes wait
 * @param journal when the journal of slots is shortened
 */
record Heuristics(
        long readStreamBytes,
        long soleStreamBytes,
        int clusterBytes,
        int allowedRegret,
        long demotionPortionNs,
        JournalBounds journal) {

    /**
     * A stream of reads of 1 MiB is longer than what programs and read-ahead ask for at once; 4 MiB of writes are twice what
     * demotion writes for one positioning. A quarter of a second is little for who waits, and much next to what a sync costs.
     * Two positionings are what it takes to find a stream.
     */
    static final Heuristics DEFAULTS = new Heuristics(1 << 20, 4 << 20, 0, 2, 250_000_000L, JournalBounds.DEFAULTS);
}
