package io.brickcache.demotion;

import io.brickcache.cache.CacheOptions;

/**
 * When dirty blocks are demoted.
 *
 * @param lowPercent share of dirty slots up to which only what is too old goes to the disk
 * @param highPercent share of dirty slots from which demotion goes first
 * @param maxDirtyAgeNs age from which a region is demoted at any share, in nanoseconds
 * @param idleNs a brick without a request for so long counts as idle, in nanoseconds
 */
public record DemotionOptions(int lowPercent, int highPercent, long maxDirtyAgeNs, long idleNs) {

    public static DemotionOptions of(CacheOptions options) {
        return new DemotionOptions(
                options.dirtyLowPercent(), options.dirtyHighPercent(), options.maxDirtyAgeNs(), options.idleDelayNs());
    }
}
