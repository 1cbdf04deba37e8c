package io.brickcache.nbd.transmission;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A connection's share of the loop's {@link BufferPool}: an eighth of it, or one request of any size. So a client that
 * sends half a write, or does not read its answers, cannot take the memory from the others.
 *
 * <p>One caller at a time asks; one that got nothing asks again, for the same request, after {@code retry} has run.
 */
final class ConnectionMemory {

    private static final int SHARE_OF_POOL = 8;

    private final BufferPool pool;
    private final int limitBytes;
    private final Runnable retry;
    private final Wait wait = new Wait();
    private int heldBytes;
    private boolean overShare;

    /** @param retry tells that {@link #acquire} may succeed now; must not run it at once, but later on the loop */
    ConnectionMemory(BufferPool pool, Runnable retry) {
        this.pool = pool;
        this.limitBytes = pool.maxBytes() / SHARE_OF_POOL;
        this.retry = retry;
    }

    /** A buffer to be given back with {@link #release}, or null: ask again when told. */
    @Nullable
    IoBuffer acquire(int bytes) {
        IoBuffer buffer = wait.takeGranted();
        if (buffer != null) {
            return buffer;
        }
        if (wait.pending) {
            return null;
        }
        if (heldBytes > 0 && bytes > limitBytes - heldBytes) {
            overShare = true;
            return null;
        }
        buffer = pool.tryAllocate(bytes);
        if (buffer == null) {
            wait.begin(bytes);
            return wait.takeGranted();
        }
        heldBytes += buffer.capacity();
        return buffer;
    }

    void release(IoBuffer buffer) {
        heldBytes -= buffer.capacity();
        buffer.release();
        if (overShare) {
            overShare = false;
            retry.run();
        }
    }

    /** Nobody asks any more. What is held is still to be released. */
    void stopWaiting() {
        overShare = false;
        wait.end();
    }

    boolean isIdle() {
        return heldBytes == 0;
    }

    /** In line for the pool's memory. */
    private final class Wait implements BufferPool.Waiter {

        private int bytes;
        private boolean pending;
        private @Nullable IoBuffer granted;

        void begin(int bytes) {
            this.bytes = bytes;
            this.pending = true;
            pool.whenAvailable(this);
        }

        @Nullable
        IoBuffer takeGranted() {
            IoBuffer buffer = granted;
            granted = null;
            return buffer;
        }

        void end() {
            if (pending) {
                pending = false;
                pool.cancel(this);
            }
            IoBuffer buffer = takeGranted();
            if (buffer != null) {
                release(buffer);
            }
        }

        @Override
        public int bytesWanted() {
            return bytes;
        }

        @Override
        public void available(IoBuffer buffer) {
            pending = false;
            granted = buffer;
            heldBytes += buffer.capacity();
            retry.run();
        }
    }
}
