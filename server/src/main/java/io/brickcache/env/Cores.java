package io.brickcache.env;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Work on all processors at once, for what blocks its caller anyway: threads begin and end within a call. */
public final class Cores {

    private Cores() {}

    /** A part of some work. */
    @FunctionalInterface
    public interface Part<X extends Exception> {
        /** Parts run on different threads, in no order; each is run once. */
        void run(int part) throws X;
    }

    /** How many parts run at once. */
    public static int count() {
        return Runtime.getRuntime().availableProcessors();
    }

    /**
     * Runs parts 0 to {@code parts} - 1 and returns when all have ended. What they wrote is seen by the caller.
     *
     * @throws X what the lowest part that failed threw; later ones may not have been run then
     */
    public static <X extends Exception> void each(int parts, Part<X> work) throws X {
        Run<X> run = new Run<>(parts, work);
        List<Thread> threads = new ArrayList<>();
        for (int i = 1; i < Math.min(parts, count()); i++) {
            Thread thread = new Thread(run, Thread.currentThread().getName() + "-" + i);
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        }
        run.run();
        threads.forEach(Cores::join);
        run.rethrow();
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Run<X extends Exception> implements Runnable {
        private final int parts;
        private final Part<X> work;
        private final AtomicInteger next = new AtomicInteger();
        private int failedPart = Integer.MAX_VALUE;
        private @Nullable Throwable failure;

        Run(int parts, Part<X> work) {
            this.parts = parts;
            this.work = work;
        }

        /** Parts are taken in order, so that none below a failed one is left out. */
        @Override
        public void run() {
            int part;
            while (!hasFailed() && (part = next.getAndIncrement()) < parts) {
                try {
                    work.run(part);
                } catch (Throwable e) {
                    failed(part, e);
                }
            }
        }

        private synchronized boolean hasFailed() {
            return failure != null;
        }

        private synchronized void failed(int part, Throwable e) {
            if (part < failedPart) {
                failedPart = part;
                failure = e;
            }
        }

        @SuppressWarnings("unchecked")
        synchronized void rethrow() throws X {
            if (failure instanceof Error error) {
                throw error;
            }
            if (failure instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            if (failure != null) {
                throw (X) failure;
            }
        }
    }
}
