package io.brickcache.cache.index;

import io.brickcache.env.Clock;
import io.brickcache.env.Loop;
import java.util.concurrent.Callable;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A loop on a thread and a clock of its own, for stores whose work is done on real threads. */
public final class ExecutorLoop implements Loop, Clock, AutoCloseable {

    private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "test-loop");
        thread.setDaemon(true);
        return thread;
    });
    private final ThreadLocal<Boolean> inLoop = ThreadLocal.withInitial(() -> false);

    @Override
    public void execute(Runnable task) {
        executor.execute(() -> {
            inLoop.set(true);
            task.run();
        });
    }

    /** Runs the task on the loop and waits for what it returns. */
    public <T> T call(Callable<T> task) throws Exception {
        return executor.submit(() -> {
                    inLoop.set(true);
                    return task.call();
                })
                .get();
    }

    @Override
    public boolean isCurrent() {
        return inLoop.get();
    }

    @Override
    public Cancellable schedule(long delayNs, Runnable task) {
        ScheduledFuture<?> future = executor.schedule(task, delayNs, TimeUnit.NANOSECONDS);
        return () -> future.cancel(false);
    }

    @Override
    public Clock clock() {
        return this;
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public long epochMillis() {
        return System.currentTimeMillis();
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
