package io.brickcache.cache;

import io.brickcache.block.IoStatus;

/** Issued an {@link EngineIo}; the request goes back to its pool when this returns. */
interface IoOwner {
    void ioDone(EngineIo io, IoStatus status);
}
