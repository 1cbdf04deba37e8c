package io.brickcache.nbd.transmission;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Divides the {@link BufferPool} of a loop among the exports and connections on it, so that nobody can keep the memory
 * from the others: not a client that does not read, nor one that asks for more than there is, nor a disk that no longer
 * answers.
 *
 * <ul>
 *   <li>A connection gets an eighth of the pool, or one request of any size.
 *   <li>With {@code n} exports on the loop each gets 1/(n+1) of the pool, so that the share of one is left when all others
 *       have taken theirs for good. An export that holds nothing may go beyond with one request if a quarter of the pool
 *       stays free, or if nobody holds anything.
 *   <li>Beyond all shares a connection gets 256 KiB while an eighth of the pool stays free: its neighbours on the same
 *       export may be the ones who hold everything.
 *   <li>Who has to wait is passed by those whose wish can be fulfilled: a large request whose place is held by a dead disk
 *       must not stop the small ones. So that the small ones do not starve the large one either, nobody passes the one
 *       who has waited longest in {@value #TURN_TICKS} of {@value #TICKS} ticks of {@value #TICK_MS} ms.
 * </ul>
 *
 * Confined to the loop.
 */
public final class SharedMemory {

    private static final int CONNECTION_SHARE = 8;
    private static final int RESERVE = 4;
    private static final int LAST_RESERVE = 8;
    private static final int LEAST_BYTES = 256 << 10;
    private static final int TICK_MS = 50;
    private static final int TICKS = 80;
    private static final int TURN_TICKS = 5;

    private final BufferPool pool;
    private final EventExecutor loop;
    private final ArrayDeque<ConnectionMemory> waiting = new ArrayDeque<>();
    private int exports = 1;
    private int tick;
    private boolean serving;
    private @Nullable Future<?> ticker;

    /** What an export holds. */
    public static final class Share {
        private int heldBytes;
    }

    /** {@code loop} is the pool's. One of these per pool. */
    public SharedMemory(BufferPool pool, EventExecutor loop) {
        this.pool = pool;
        this.loop = loop;
        pool.onFree(this::serve);
    }

    /** So many exports divide the pool from now on; what they hold already they keep. */
    public void divideBy(int count) {
        exports = Math.max(1, count);
        serve();
    }

    BufferPool pool() {
        return pool;
    }

    /** What one connection gets before it has to wait for itself. */
    int connectionLimitBytes() {
        return pool.maxBytes() / CONNECTION_SHARE;
    }

    /** A buffer, or null: the connection is in line then, if it was not before. */
    @Nullable
    IoBuffer acquire(ConnectionMemory connection) {
        IoBuffer buffer = isTurnOfAnother(connection) ? null : tryAcquire(connection);
        if (buffer == null) {
            waiting.add(connection);
            startTicking();
        }
        return buffer;
    }

    void leave(ConnectionMemory connection) {
        waiting.remove(connection);
        serve();
    }

    void release(Share share, IoBuffer buffer) {
        share.heldBytes -= buffer.capacity();
        buffer.release();
        serve();
    }

    private @Nullable IoBuffer tryAcquire(ConnectionMemory connection) {
        int bytes = BufferPool.pieceBytes(connection.bytesWanted());
        if (!mayHold(connection, bytes)) {
            return null;
        }
        IoBuffer buffer = pool.tryAllocate(bytes);
        if (buffer != null) {
            connection.share().heldBytes += buffer.capacity();
        }
        return buffer;
    }

    private boolean mayHold(ConnectionMemory connection, int bytes) {
        Share share = connection.share();
        if (bytes <= pool.maxBytes() / (exports + 1) - share.heldBytes) {
            return true;
        }
        if (bytes <= LEAST_BYTES - connection.heldBytes()
                && bytes <= pool.freeBytes() - pool.maxBytes() / LAST_RESERVE) {
            return true;
        }
        return share.heldBytes == 0 && (pool.usedBytes() == 0 || bytes <= pool.freeBytes() - pool.maxBytes() / RESERVE);
    }

    private boolean isTurnOfAnother(ConnectionMemory connection) {
        ConnectionMemory first = waiting.peek();
        return first != null && first != connection && isTurnOf(first);
    }

    /** True if the one who waits longest, and may have it, is to get what comes free. */
    private boolean isTurnOf(ConnectionMemory first) {
        return tick >= TICKS - TURN_TICKS && mayHold(first, BufferPool.pieceBytes(first.bytesWanted()));
    }

    private void serve() {
        if (waiting.isEmpty() || serving) {
            return;
        }
        serving = true;
        try {
            boolean first = true;
            for (Iterator<ConnectionMemory> line = waiting.iterator(); line.hasNext(); ) {
                ConnectionMemory connection = line.next();
                IoBuffer buffer = tryAcquire(connection);
                if (buffer != null) {
                    line.remove();
                    connection.granted(buffer);
                } else if (first && isTurnOf(connection)) {
                    return;
                } else {
                    first = false;
                }
            }
        } finally {
            serving = false;
        }
    }

    private void startTicking() {
        if (ticker == null) {
            tick = 0;
            ticker = loop.scheduleAtFixedRate(this::tick, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
        }
    }

    private void tick() {
        tick = (tick + 1) % TICKS;
        serve();
        if (waiting.isEmpty() && ticker != null) {
            ticker.cancel(false);
            ticker = null;
        }
    }
}
