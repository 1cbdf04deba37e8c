package io.brickcache.block.ring;

import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenedDevice;
import io.brickcache.block.RequestQueue;
import io.brickcache.env.Loop;

/**
 * Small writes to a file through the page cache, made on the loop: a copy in memory. ext4 does not tell io_uring whether
 * such a write would wait, so that io_uring hands each to a thread of the kernel, which takes longer than the copy.
 *
 * <p>It can wait all the same, with everything else on the loop: the kernel slows down who writes while too much is dirty
 * (by 10 to 200 ms each time), and needs memory. After one that took {@value #SLOW_NS} ns or longer all go to the ring for
 * {@value #PAUSE_SHARE} times as long, so that the loop does not wait for a larger share of the time. What is shorter may
 * be no more than another process on this processor. Whole pages only: of others the kernel may have to read the rest first.
 */
final class PageCacheWrites {

    /** Of more than this, the copy would hold up others, and a thread more is a gain. */
    static final int MAX_BYTES = 64 << 10;

    private static final int PAGE_BYTES = 4096;
    private static final long SLOW_NS = 5_000_000;
    private static final int PAUSE_SHARE = 20;

    private final OpenedDevice opened;
    private final Loop loop;
    private final Runnable answered;
    private final RequestQueue written = new RequestQueue();
    private final Runnable answering = this::answer;
    private int count;
    private long pauseNs;
    private long pausedAtNs;

    /** @param answered runs after answers */
    PageCacheWrites(OpenedDevice opened, Loop loop, Runnable answered) {
        this.opened = opened;
        this.loop = loop;
        this.answered = answered;
    }

    /** True if nothing waits for its answer. */
    boolean isIdle() {
        return count == 0;
    }

    /**
     * Makes the write if it is one of those; it is answered by a task of the loop. Otherwise, and if it does not
     * succeed as a whole, it is the ring's.
     *
     * @param write has been checked
     */
    boolean takes(IoRequest write) {
        long length = write.length();
        long offset = write.offset();
        if (!opened.isFileInPageCache()
                || write.has(IoRequest.FUA)
                || length > MAX_BYTES
                || (offset | length) % PAGE_BYTES != 0) {
            return false;
        }
        long before = loop.clock().nanoTime();
        if (before - pausedAtNs < pauseNs) {
            return false;
        }
        long moved = opened.main().write(write.buffer().address() + write.bufferOffset(), length, offset);
        long after = loop.clock().nanoTime();
        long tookNs = after - before;
        pauseNs = tookNs < SLOW_NS ? 0 : tookNs * PAUSE_SHARE;
        pausedAtNs = after;
        if (moved != length) {
            return false;
        }
        written.add(write);
        if (count++ == 0) {
            loop.execute(answering);
        }
        return true;
    }

    /** What is written meanwhile is answered in the next round, so that others have their turn. */
    private void answer() {
        for (int left = count; left > 0; left--) {
            IoRequest write = written.poll();
            if (write == null) {
                throw new IllegalStateException(opened + ": fewer writes than were counted");
            }
            write.completed(IoStatus.OK);
            count--;
        }
        if (count > 0) {
            loop.execute(answering);
        }
        answered.run();
    }
}
