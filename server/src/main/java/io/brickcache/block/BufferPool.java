package io.brickcache.block;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * All I/O memory of one loop: a fixed arena, divided by the buddy system (Knuth, TAOCP 1, 2.5, algorithms R and S) into
 * pieces of a power of two from 4 KiB up. It never grows: a caller that gets nothing waits its turn with
 * {@link #whenAvailable}.
 *
 * <p>Up to {@value #MAX_ASIDE} of the smallest pieces lie aside when they come back, for the next who wants one: most requests
 * are small, and would else divide a large piece that their end puts together again.
 *
 * <p>Invariants: free pieces of one order do not touch their buddies, but for those aside; the sum of free and handed-out
 * bytes is the arena.
 */
public final class BufferPool {

    public static final int ALIGNMENT = 4096;

    private static final int MIN_SHIFT = 12;
    /** As many as a client has requests in flight. */
    private static final int MAX_ASIDE = 32;

    private final ByteBuffer arena;
    private final long arenaAddress;
    private final int arenaShift;
    /** Per piece of the smallest size: order+1 of the free piece that starts there, or 0. */
    private final byte[] freeOrderAt;
    /** Per piece of the smallest size: where in its stack the free piece that starts there lies. */
    private final int[] freeIndexAt;
    /** Buffer objects by order, made once and reused; index = piece start / piece size. */
    private final @Nullable IoBuffer[][] buffers;

    private final int[][] freeStacks;
    private final int[] freeCounts;
    private final @Nullable IoBuffer[] aside = new IoBuffer[MAX_ASIDE];
    private int asideCount;
    private final Deque<Waiter> waiters = new ArrayDeque<>();
    private int freeBytes;
    private boolean serving;
    private Runnable freed = () -> {};

    /** Waits for memory. */
    public interface Waiter {
        /** Bytes it needs. */
        int bytesWanted();

        /** Called on the loop with a buffer that now belongs to the waiter. */
        void available(IoBuffer buffer);
    }

    /**
     * @param arenaBytes a power of two from 64 KiB to 1 GiB; allocated at once
     */
    public BufferPool(int arenaBytes) {
        if (Integer.bitCount(arenaBytes) != 1 || arenaBytes < 1 << 16) {
            throw new IllegalArgumentException(
                    "arena of " + arenaBytes + " bytes is not a power of two of 64 KiB or more");
        }
        ByteBuffer raw = ByteBuffer.allocateDirect(Math.addExact(arenaBytes, ALIGNMENT - 1));
        arena = raw.alignedSlice(ALIGNMENT).limit(arenaBytes).slice();
        arenaAddress = Pointer.nativeValue(Native.getDirectBufferPointer(arena));
        arenaShift = Integer.numberOfTrailingZeros(arenaBytes);
        freeOrderAt = new byte[arenaBytes >> MIN_SHIFT];
        freeIndexAt = new int[arenaBytes >> MIN_SHIFT];
        int orders = arenaShift - MIN_SHIFT + 1;
        buffers = new IoBuffer[orders][];
        freeStacks = new int[orders][];
        freeCounts = new int[orders];
        for (int order = 0; order < orders; order++) {
            int pieces = arenaBytes >> MIN_SHIFT + order;
            buffers[order] = new IoBuffer[pieces];
            freeStacks[order] = new int[pieces];
        }
        pushFree(orders - 1, 0);
        freeBytes = arenaBytes;
    }

    /** Largest request that can ever be served, in bytes. */
    public int maxBytes() {
        return 1 << arenaShift;
    }

    public int freeBytes() {
        return freeBytes;
    }

    /** Bytes handed out, rounded up to pieces. */
    public int usedBytes() {
        return maxBytes() - freeBytes;
    }

    /**
     * A buffer of at least {@code bytes} bytes with one reference, content undefined; null if there is no room now or
     * others wait already.
     */
    public @Nullable IoBuffer tryAllocate(int bytes) {
        return waiters.isEmpty() ? take(bytes) : null;
    }

    /** Serves the waiter now or, in order of arrival, when memory comes back. */
    public void whenAvailable(Waiter waiter) {
        if (waiter.bytesWanted() > maxBytes()) {
            throw new IllegalArgumentException(waiter.bytesWanted() + " bytes never fit a pool of " + maxBytes());
        }
        waiters.add(waiter);
        serveWaiters();
    }

    /** {@code listener} is run whenever memory has come back and nobody here waits for it; it replaces the one before. */
    public void onFree(Runnable listener) {
        freed = listener;
    }

    /** Takes back a waiter that no longer wants memory; those behind it may be served by that. */
    public void cancel(Waiter waiter) {
        waiters.remove(waiter);
        serveWaiters();
    }

    void free(IoBuffer buffer) {
        freeBytes += buffer.capacity();
        if (buffer.capacity() == ALIGNMENT && asideCount < MAX_ASIDE) {
            aside[asideCount++] = buffer;
        } else {
            merge(buffer);
        }
        serveWaiters();
        if (waiters.isEmpty()) {
            freed.run();
        }
    }

    /** Puts a free piece together with its free buddies. */
    private void merge(IoBuffer buffer) {
        int order = orderOf(buffer.capacity());
        int start = buffer.arenaOffset();
        while (order < freeStacks.length - 1) {
            int buddy = start ^ 1 << MIN_SHIFT + order;
            if (freeOrderAt[buddy >> MIN_SHIFT] != order + 1) {
                break;
            }
            removeFree(order, buddy);
            start = Math.min(start, buddy);
            order++;
        }
        pushFree(order, start);
    }

    private @Nullable IoBuffer takeAside() {
        if (asideCount == 0) {
            return null;
        }
        IoBuffer buffer = aside[--asideCount];
        aside[asideCount] = null;
        return buffer;
    }

    private void serveWaiters() {
        if (serving) {
            return;
        }
        serving = true;
        try {
            Waiter first;
            while ((first = waiters.peek()) != null) {
                IoBuffer buffer = take(first.bytesWanted());
                if (buffer == null) {
                    return;
                }
                waiters.remove();
                first.available(buffer);
            }
        } finally {
            serving = false;
        }
    }

    private @Nullable IoBuffer take(int bytes) {
        if (bytes > maxBytes()) {
            throw new IllegalArgumentException(bytes + " bytes never fit a pool of " + maxBytes());
        }
        int wanted = orderOf(bytes);
        IoBuffer buffer = wanted == 0 ? takeAside() : null;
        if (buffer == null) {
            buffer = divide(wanted);
        }
        if (buffer == null && asideCount > 0) {
            IoBuffer small;
            while ((small = takeAside()) != null) {
                merge(small);
            }
            buffer = divide(wanted);
        }
        if (buffer != null) {
            freeBytes -= buffer.capacity();
            buffer.acquired();
        }
        return buffer;
    }

    /** Takes a piece out of the smallest that is large enough, if there is any. */
    private @Nullable IoBuffer divide(int wanted) {
        int order = wanted;
        while (order < freeStacks.length && freeCounts[order] == 0) {
            order++;
        }
        if (order == freeStacks.length) {
            return null;
        }
        int start = freeStacks[order][freeCounts[order] - 1];
        removeFree(order, start);
        while (order > wanted) {
            order--;
            pushFree(order, start + (1 << MIN_SHIFT + order));
        }
        return bufferAt(wanted, start);
    }

    private IoBuffer bufferAt(int order, int start) {
        int size = 1 << MIN_SHIFT + order;
        int piece = start / size;
        IoBuffer buffer = buffers[order][piece];
        if (buffer == null) {
            buffer = new IoBuffer(this, arena.slice(start, size), arenaAddress + start, start);
            buffers[order][piece] = buffer;
        }
        return buffer;
    }

    private void pushFree(int order, int start) {
        freeIndexAt[start >> MIN_SHIFT] = freeCounts[order];
        freeStacks[order][freeCounts[order]++] = start;
        freeOrderAt[start >> MIN_SHIFT] = (byte) (order + 1);
    }

    private void removeFree(int order, int start) {
        int[] stack = freeStacks[order];
        int last = stack[--freeCounts[order]];
        int i = freeIndexAt[start >> MIN_SHIFT];
        stack[i] = last;
        freeIndexAt[last >> MIN_SHIFT] = i;
        freeOrderAt[start >> MIN_SHIFT] = 0;
    }

    /** Size of the piece that serves a request. */
    public static int pieceBytes(int bytes) {
        return 1 << MIN_SHIFT + orderOf(bytes);
    }

    private static int orderOf(int bytes) {
        int pieces = Math.max(1, bytes) - 1 >> MIN_SHIFT;
        return 32 - Integer.numberOfLeadingZeros(pieces);
    }
}
