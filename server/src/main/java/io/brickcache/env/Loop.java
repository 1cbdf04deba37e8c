package io.brickcache.env;

import java.util.concurrent.Executor;

/**
 * One thread that owns the state of one cache. Tasks run one at a time in the order they were handed over;
 * nothing that runs on a loop may block.
 */
public interface Loop extends Executor {

    /** Runs the task on the loop, after everything handed over before it. May be called from any thread. */
    @Override
    void execute(Runnable task);

    /** True on the loop's own thread. */
    boolean isCurrent();

    /**
     * Runs the task once, on the loop, not earlier than after {@code delayNs} nanoseconds. Called on the loop only.
     *
     * @return cancels the task if it has not run yet
     */
    Cancellable schedule(long delayNs, Runnable task);

    /** The clock that the loop's delays follow. */
    Clock clock();

    /** A task that can be taken back. */
    @FunctionalInterface
    interface Cancellable {
        /** Idempotent; called on the loop only. */
        void cancel();
    }
}
