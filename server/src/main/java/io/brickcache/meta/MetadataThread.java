package io.brickcache.meta;

import io.brickcache.cache.index.MetadataException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The one thread that touches RocksDB, with a bounded queue. May be called from any thread but itself. */
final class MetadataThread {

    /** Tasks waiting at most; a cache has one or two commits under way. */
    static final int MAX_QUEUED = 256;

    private final ThreadPoolExecutor executor;

    /** {@code last} runs when all tasks are done after {@link #close}. */
    MetadataThread(String name, Runnable last) {
        executor = new Worker(name, last);
    }

    /** Runs the task after those before it; false if the queue is full or the thread closed. */
    boolean offer(Runnable task) {
        try {
            executor.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** Runs the task after those before it and waits for its result. */
    <T extends @Nullable Object> T call(Callable<T> task) throws MetadataException {
        Future<T> future;
        try {
            future = executor.submit(task);
        } catch (RejectedExecutionException e) {
            throw new MetadataException(
                    MetadataException.Kind.IO, "The metadata store is closed or has too many commits waiting", e);
        }
        return await(future);
    }

    /** Lets the tasks handed over finish, runs the last one and ends the thread; waits for that. Idempotent. */
    void close() {
        executor.shutdown();
        boolean interrupted = false;
        while (!executor.isTerminated()) {
            try {
                executor.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static <T extends @Nullable Object> T await(Future<T> future) throws MetadataException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw unwrapped(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static MetadataException unwrapped(ExecutionException e) {
        Throwable cause = e.getCause();
        if (cause instanceof MetadataException typed) {
            return typed;
        }
        if (cause instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (cause instanceof Error error) {
            throw error;
        }
        return new MetadataException(MetadataException.Kind.IO, "The metadata thread failed: " + cause, e);
    }

    private static final class Worker extends ThreadPoolExecutor {

        private final Runnable last;

        Worker(String name, Runnable last) {
            super(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_QUEUED), task -> {
                Thread thread = new Thread(task, name);
                thread.setDaemon(true);
                return thread;
            });
            this.last = last;
        }

        /** On the worker thread, or on the closing one if the worker never ran. */
        @Override
        protected void terminated() {
            last.run();
            super.terminated();
        }
    }
}
