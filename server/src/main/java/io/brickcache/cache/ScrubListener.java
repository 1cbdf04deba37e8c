package io.brickcache.cache;

import io.brickcache.block.IoStatus;

/** Follows a scrub. */
public interface ScrubListener {

    /** Some blocks more were checked. Returns false to end the scrub. */
    boolean progress(ScrubReport soFar);

    /**
     * The scrub has ended.
     *
     * @param status OK: every block that was there all the time has been checked; SHUTDOWN: it was ended early;
     *     IO_ERROR: the SSD does not answer
     */
    void finished(ScrubReport report, IoStatus status);
}
