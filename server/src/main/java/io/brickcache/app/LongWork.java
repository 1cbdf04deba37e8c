package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.Progress;
import io.brickcache.admin.ProgressListener;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Follows work that runs on a loop: passes its progress on, and takes it back when nobody wants it any more. */
final class LongWork {

    private static final long LOOK_MS = 100;

    private final ProgressListener listener;
    private final Lifecycle lifecycle;

    LongWork(ProgressListener listener, Lifecycle lifecycle) {
        this.listener = listener;
        this.lifecycle = lifecycle;
    }

    /** True if the work is no longer wanted, by its caller or because the service stops. */
    boolean isUnwanted() {
        return lifecycle.isStopping()
                || listener.isCancelled()
                || Thread.currentThread().isInterrupted();
    }

    /** Throws if the work is no longer wanted. */
    void checkWanted(String what) {
        if (isUnwanted()) {
            throw unwanted(what);
        }
    }

    /** Why work that is no longer wanted has ended. */
    AdminException unwanted(String what) {
        return lifecycle.isStopping() ? AdminException.shuttingDown() : AdminException.cancelled(what);
    }

    /**
     * Waits for the end of the work, also after it was cancelled.
     *
     * @param progress how far it is; asked on this thread
     * @param cancel makes it end early; called on this thread, once
     */
    <T> T follow(CompletableFuture<T> work, Supplier<Progress> progress, Runnable cancel) {
        boolean cancelled = false;
        boolean interrupted = false;
        try {
            while (true) {
                if (!cancelled && (interrupted || isUnwanted())) {
                    cancelled = true;
                    cancel.run();
                }
                try {
                    T result = work.get(LOOK_MS, TimeUnit.MILLISECONDS);
                    listener.onProgress(progress.get());
                    return result;
                } catch (TimeoutException e) {
                    listener.onProgress(progress.get());
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw LoopHost.rethrown(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
