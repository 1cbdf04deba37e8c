package io.brickcache.admin;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A brick at one moment.
 *
 * @param cache name of its cache
 * @param diskBytes what its disk has by now, more than {@code sizeBytes} if it was made larger; 0 while that is not known
 * @param stateReason why it is not serving, for people; empty while it serves
 * @param dirtyBytes newer on the SSD than on the disk
 * @param cachedBytes on the SSD, clean or dirty
 * @param oldestDirtyAge for how long the oldest dirty data has waited for the disk; null while nothing is dirty
 * @param connections open NBD connections
 * @param exportUris where it is served, as NBD URIs
 */
public record BrickView(
        String name,
        UUID uuid,
        String cache,
        Path devicePath,
        long sizeBytes,
        long diskBytes,
        State state,
        String stateReason,
        Mode mode,
        long dirtyBytes,
        long cachedBytes,
        @Nullable Duration oldestDirtyAge,
        int connections,
        List<String> exportUris,
        BrickCounters counters,
        Lost lost) {

    public BrickView {
        exportUris = List.copyOf(exportUris);
    }

    /**
     * What is on neither device any more.
     *
     * @param blocks that have a lost byte
     */
    public record Lost(long blocks, long bytes) {
        public static final Lost NOTHING = new Lost(0, 0);
    }

    /** What can be expected of a brick. */
    public enum State {
        ATTACHING,
        SERVING,
        /** Served from the disk alone; nothing is dirty. */
        PASS_THROUGH,
        /** The disk was changed behind the cache; an operator has to decide. */
        FENCED,
        /** Not served: the disk, or a cache that holds dirty data of it, is missing. */
        UNAVAILABLE,
        DETACHING
    }

    /** When a write is answered. */
    public enum Mode {
        /** When the SSD has it. */
        WRITE_BACK
    }
}
