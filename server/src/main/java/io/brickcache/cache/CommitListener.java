package io.brickcache.cache;

import io.brickcache.block.IoStatus;

/** Hears that everything changed before it asked is durable, or that it could not be made so. */
@FunctionalInterface
interface CommitListener {
    void committed(IoStatus status);
}
