package io.brickcache.cache;

/**
 * A cache at one moment.
 *
 * @param slots all
 * @param freeSlots that may be written at once
 * @param retiredSlots that become free with a commit
 * @param mappedSlots clean and dirty
 * @param dirtySlots newer than the disk
 * @param commits since the start
 * @param failedCommits of them not durable
 * @param indexBytes memory of the index and the policy
 */
public record CacheStats(
        int slots,
        int freeSlots,
        int retiredSlots,
        int mappedSlots,
        long dirtySlots,
        long commits,
        long failedCommits,
        long indexBytes) {}
