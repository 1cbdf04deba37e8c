package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import org.jspecify.annotations.Nullable;

/** A request of the engine to the SSD or a disk; pooled. */
final class EngineIo extends IoRequest {

    /** Where the pool keeps it. */
    interface Pool {
        void recycle(EngineIo io);

        /** A transfer of slots has ended. */
        void slotsDone(IoOp op, IoStatus status);
    }

    /** For the owner: what the transfer is, which block it begins with, how many blocks, which slot. */
    int tag;

    int index;
    int count;
    int slot;

    /** It goes to the SSD. */
    boolean ofSlots;

    private final Pool pool;
    private @Nullable IoOwner owner;

    EngineIo(Pool pool) {
        this.pool = pool;
    }

    void submit(BlockDevice device, IoOwner newOwner) {
        owner = newOwner;
        cause = newOwner.cause();
        device.submit(this);
    }

    @Override
    public void completed(IoStatus status) {
        IoOwner done = owner;
        if (done == null) {
            throw new IllegalStateException(this + " was answered twice");
        }
        owner = null;
        cause = null;
        if (ofSlots) {
            pool.slotsDone(op(), status);
        }
        done.ioDone(this, status);
        pool.recycle(this);
    }
}
