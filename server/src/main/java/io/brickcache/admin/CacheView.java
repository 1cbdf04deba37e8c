package io.brickcache.admin;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A cache at one moment.
 *
 * @param sizeBytes size of the data area
 * @param blockBytes unit of caching, 4 KiB to 64 KiB, a power of two
 * @param memoryBytes of the service that it takes at most: index, I/O buffers, RocksDB
 * @param stateReason why it is not serving, for people; empty while it serves
 * @param bricks names of the attached bricks
 * @param lastScrub end of the last whole scrub; null if that is not known
 */
public record CacheView(
        String name,
        UUID uuid,
        Path directory,
        Path dataPath,
        long sizeBytes,
        int blockBytes,
        long memoryBytes,
        Slots slots,
        State state,
        String stateReason,
        List<String> bricks,
        Counters counters,
        @Nullable Instant lastScrub) {

    public CacheView {
        bricks = bricks.stream().sorted().toList();
    }

    /**
     * Block-sized places of the data area.
     *
     * @param clean hold what the disk holds
     * @param dirty hold what is newer than the disk
     * @param free can be handed out; the rest, {@code total - clean - dirty - free}, waits for a commit
     */
    public record Slots(long total, long clean, long dirty, long free) {
        public Slots {
            if (clean < 0 || dirty < 0 || free < 0 || clean + dirty + free > total) {
                throw new IllegalArgumentException(
                        "slots: clean " + clean + ", dirty " + dirty + ", free " + free + " of " + total);
            }
        }

        /** Slots that cannot be handed out. */
        public long used() {
            return total - free;
        }
    }

    /** What can be expected of a cache. */
    public enum State {
        /** Its data area is being written through. */
        CREATING,
        SERVING,
        /** Takes no more dirty data; reads and writes go to the disks. */
        PASS_THROUGH,
        /** The SSD is gone or its metadata cannot be read. */
        UNAVAILABLE,
        DELETING
    }

    /** Events since the service started. */
    public record Counters(
            long commits, long failedCommits, long ssdReadErrors, long ssdWriteErrors, long checksumMismatches) {

        public static final Counters NONE = new Counters(0, 0, 0, 0, 0);
    }
}
