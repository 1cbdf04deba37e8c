package io.brickcache.cache;

import io.brickcache.block.IoStatus;

/** Hears how a batch of regions was demoted. */
@FunctionalInterface
public interface DemotionListener {

    /**
     * @param blocks blocks that are clean now
     * @param status OK, or the first error: what could not be read or written stays dirty
     */
    void demoted(int blocks, IoStatus status);
}
