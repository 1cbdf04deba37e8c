package io.brickcache.sim;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import org.jspecify.annotations.Nullable;

/** The clients' buffers; used for one run after the other, because making them takes longer than a run. */
final class ClientMemory {

    private static final int BYTES = 16 << 20;

    private BufferPool pool = new BufferPool(BYTES);

    @Nullable
    IoBuffer tryAllocate(int bytes) {
        return pool.tryAllocate(bytes);
    }

    /** After a crash or a failed run: a system that had retained a buffer never gives it back. */
    void forgetWhatIsKept() {
        if (pool.usedBytes() != 0) {
            pool = new BufferPool(BYTES);
        }
    }

    /** After an orderly stop, nothing in flight. */
    void checkAllIsBack() {
        if (pool.usedBytes() != 0) {
            throw new AssertionError(pool.usedBytes() + " bytes of the clients' memory are kept after the stop");
        }
    }
}
