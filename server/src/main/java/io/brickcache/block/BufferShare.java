package io.brickcache.block;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * One user's share of a pool: it holds at most so many bytes at once, so that a user whose I/O hangs leaves the rest to
 * the others. Confined to the pool's loop.
 */
public final class BufferShare {

    private final BufferPool pool;
    private final int maxBytes;
    private final Deque<BufferPool.Waiter> waiters = new ArrayDeque<>();
    private final Turn turn = new Turn();
    private int usedBytes;
    private boolean queued;
    private boolean serving;

    /** The first waiter in the pool's queue: one of a share at a time. */
    private final class Turn implements BufferPool.Waiter {
        @Override
        public int bytesWanted() {
            return waiters.element().bytesWanted();
        }

        @Override
        public void available(IoBuffer buffer) {
            queued = false;
            waiters.remove().available(taken(buffer));
            serve();
        }
    }

    /**
     * @param maxBytes at most that of the pool; a power of two wastes nothing
     */
    public BufferShare(BufferPool pool, int maxBytes) {
        if (maxBytes > pool.maxBytes()) {
            throw new IllegalArgumentException("a share of " + maxBytes + " bytes in a pool of " + pool.maxBytes());
        }
        this.pool = pool;
        this.maxBytes = maxBytes;
    }

    /** Bytes held, rounded up to pieces of the pool. */
    public int usedBytes() {
        return usedBytes;
    }

    /** As {@link BufferPool#tryAllocate}; null too if the share is used up, or would be. */
    public @Nullable IoBuffer tryAllocate(int bytes) {
        if (!waiters.isEmpty() || !fits(bytes)) {
            return null;
        }
        IoBuffer buffer = pool.tryAllocate(bytes);
        return buffer == null ? null : taken(buffer);
    }

    /** As {@link BufferPool#whenAvailable}; at most {@code maxBytes} may be wanted. */
    public void whenAvailable(BufferPool.Waiter waiter) {
        if (BufferPool.pieceBytes(waiter.bytesWanted()) > maxBytes) {
            throw new IllegalArgumentException(waiter.bytesWanted() + " bytes never fit a share of " + maxBytes);
        }
        waiters.add(waiter);
        serve();
    }

    void freed(int bytes) {
        usedBytes -= bytes;
        serve();
    }

    private IoBuffer taken(IoBuffer buffer) {
        usedBytes += buffer.capacity();
        buffer.share(this);
        return buffer;
    }

    private boolean fits(int bytes) {
        return usedBytes + BufferPool.pieceBytes(bytes) <= maxBytes;
    }

    private void serve() {
        if (serving) {
            return;
        }
        serving = true;
        while (!queued && !waiters.isEmpty() && fits(turn.bytesWanted())) {
            queued = true;
            pool.whenAvailable(turn);
        }
        serving = false;
    }
}
