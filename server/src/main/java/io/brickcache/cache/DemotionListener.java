package io.brickcache.cache;

import io.brickcache.block.IoStatus;

/** Hears how a batch of regions was demoted. */
@FunctionalInterface
public interface DemotionListener {

    /**
     * The batch has ended.
     *
     * @param blocks blocks that are clean now
     * @param status OK, or the first error: what could not be read or written stays dirty
     */
    void demoted(int blocks, IoStatus status);
}
