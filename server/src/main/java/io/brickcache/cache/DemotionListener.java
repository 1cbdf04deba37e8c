package io.brickcache.cache;

import io.brickcache.block.IoStatus;

/** Hears how a batch of regions was demoted. */
@FunctionalInterface
public interface DemotionListener {

    /**
     * The batch has ended.
     *
     * @param blocks blocks that are clean now
     * @param skipped blocks that may still be dirty, because they had or got a slot that was not committed yet
     * @param status OK, or the first error: what could not be read or written stays dirty
     */
    void demoted(int blocks, int skipped, IoStatus status);
}
