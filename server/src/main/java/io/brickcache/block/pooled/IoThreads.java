package io.brickcache.block.pooled;

import org.jspecify.annotations.Nullable;

/**
 * A fixed number of threads that run blocking tasks, first in first out. The queue is a chain of the tasks themselves:
 * it allocates nothing and is bounded by the tasks its user owns ({@link PooledDevice#MAX_IN_FLIGHT}). Threads start when
 * tasks find none idle. Thread-safe.
 *
 * <p>Each device has its own: a device that hangs takes all the threads it can get, and must not take its neighbour's.
 */
public final class IoThreads {

    /** Something to run; in at most one queue at a time. */
    public abstract static class Task {
        @Nullable
        Task next;

        /** Runs on one of the threads and may block. Must not throw. */
        protected abstract void run();
    }

    private final String name;
    private final int limit;
    private final Object lock = new Object();
    // All guarded by lock.
    private @Nullable Task first;
    private @Nullable Task last;
    private int queued;
    private int idle;
    private int started;
    private boolean ended;

    /**
     * @param name prefix of the threads' names
     * @param limit threads at most, 1 or more
     */
    public IoThreads(String name, int limit) {
        this.name = name;
        this.limit = limit;
    }

    /** The threads end once the queue is empty; nothing is queued from here on. */
    void end() {
        synchronized (lock) {
            ended = true;
            lock.notifyAll();
        }
    }

    /** Queues a task. */
    void execute(Task task) {
        synchronized (lock) {
            task.next = null;
            Task before = last;
            if (before == null) {
                first = task;
            } else {
                before.next = task;
            }
            last = task;
            queued++;
            if (queued > idle && started < limit) {
                started++;
                Thread thread = new Thread(this::work, name + "-" + started);
                thread.setDaemon(true);
                thread.start();
            } else {
                lock.notify();
            }
        }
    }

    private void work() {
        Task task;
        while ((task = take()) != null) {
            task.run();
        }
    }

    private @Nullable Task take() {
        synchronized (lock) {
            Task result;
            while ((result = first) == null) {
                if (ended) {
                    return null;
                }
                idle++;
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    // Nobody interrupts these threads to any end, they end by end(): look again.
                } finally {
                    idle--;
                }
            }
            first = result.next;
            if (first == null) {
                last = null;
            }
            result.next = null;
            queued--;
            return result;
        }
    }
}
