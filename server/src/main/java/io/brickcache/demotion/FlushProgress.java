package io.brickcache.demotion;

import io.brickcache.block.IoStatus;

/** Follows a flush of a brick. */
public interface FlushProgress {

    /**
     * Some blocks more are clean.
     *
     * @param doneBlocks since the flush began
     * @param totalBlocks dirty when it began
     * @return false to stop the flush
     */
    boolean progress(long doneBlocks, long totalBlocks);

    /** The flush has ended. OK: all that was dirty when it began is on the disk. */
    void finished(IoStatus status);
}
