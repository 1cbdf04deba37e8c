package io.brickcache.admin;

import java.time.Instant;
import java.util.List;

/**
 * What a brick has lost.
 *
 * @param ranges in the order of their offsets
 * @param truncated more is lost than is listed
 */
public record LostView(List<Range> ranges, boolean truncated) {

    public LostView {
        ranges = List.copyOf(ranges);
    }

    /**
     * Some bytes of the brick.
     *
     * @param since when it was first noticed
     */
    public record Range(long offset, long length, Instant since, Cause cause, State state) {}

    /** Why it is lost. */
    public enum Cause {
        READ_ERROR,
        CHECKSUM,
        SSD_GONE,
        WRITE_ERROR
    }

    /** What may end it. */
    public enum State {
        /** Overwriting it, or a read of the SSD that succeeds after all. */
        UNREADABLE,
        /** Overwriting it. */
        GONE
    }
}
