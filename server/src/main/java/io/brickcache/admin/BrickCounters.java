package io.brickcache.admin;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What happened to a brick since the service started.
 *
 * @param writtenAroundBytes bytes that went to the disk and not to the SSD, by reason; a missing reason means 0
 */
public record BrickCounters(
        Requests requests, CacheUse cacheUse, Map<WriteAround, Long> writtenAroundBytes, Moves moves, Errors errors) {

    /** Nothing happened yet. */
    public static final BrickCounters NONE = new BrickCounters(
            new Requests(0, 0, 0, 0, 0, 0),
            new CacheUse(0, 0, 0, 0),
            Map.of(),
            new Moves(0, 0, 0, 0, 0),
            new Errors(0, 0, 0, 0));

    public BrickCounters {
        EnumMap<WriteAround, Long> byReason = new EnumMap<>(WriteAround.class);
        byReason.putAll(writtenAroundBytes);
        writtenAroundBytes = Collections.unmodifiableMap(byReason);
    }

    /** What clients asked for. */
    public record Requests(long reads, long writes, long flushes, long trims, long readBytes, long writtenBytes) {}

    /**
     * What the cache did for them: blocks that reads found or missed, bytes written to the SSD.
     *
     * @param readStreamBlocks of those missed: not promoted, as parts of long sequential streams
     */
    public record CacheUse(long readHitBlocks, long readMissBlocks, long readStreamBlocks, long writtenCachedBytes) {}

    /**
     * Blocks between disk and SSD.
     *
     * @param promotedBlocks disk to SSD
     * @param readAroundBlocks of those promoted: nobody had asked for them yet
     * @param evictedBlocks clean ones that made room
     * @param demotedBlocks SSD to disk
     * @param demotionIos disk writes that the demoted blocks took
     */
    public record Moves(
            long promotedBlocks, long readAroundBlocks, long evictedBlocks, long demotedBlocks, long demotionIos) {}

    /** I/O that failed, by device. */
    public record Errors(long diskReads, long diskWrites, long ssdReads, long ssdWrites) {}

    /** Why a write went to the disk and not to the SSD. */
    public enum WriteAround {
        /** No slot was free. */
        NO_FREE_SLOT,
        /** Part of a long sequential stream while the cache was above its low dirty mark. */
        SEQUENTIAL,
        /** The SSD or the metadata failed. */
        CACHE_FAILING,
        /** Not aligned to the unit in which blocks are valid: blocks of 64 KiB have units of 1 KiB. */
        UNALIGNED,
        /** A part of a block that was written around before, by what is not synced yet. */
        DISK_UNSYNCED,
        /** Caching had made the disk position more often than it had saved, and the cache was above its low dirty mark. */
        NO_GAIN
    }
}
