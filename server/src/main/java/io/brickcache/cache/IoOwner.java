package io.brickcache.cache;

import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import org.jspecify.annotations.Nullable;

/** Issued an {@link EngineIo}; the request goes back to its pool when this returns. */
interface IoOwner {
    void ioDone(EngineIo io, IoStatus status);

    /** The client's request that waits for what is issued now, or null: work in the background. */
    default @Nullable IoRequest cause() {
        return null;
    }
}
