package io.brickcache.app;

import io.brickcache.env.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the steps of a stop one after the other, none for longer than it may take: a step that hangs is named and left. */
final class StopSteps {

    private static final Logger LOG = LoggerFactory.getLogger(StopSteps.class);

    private final SystemdNotifier systemd;
    private final Clock clock;
    private final List<String> failed = new ArrayList<>();

    StopSteps(SystemdNotifier systemd, Clock clock) {
        this.systemd = systemd;
        this.clock = clock;
    }

    /** One step of the stop. */
    @FunctionalInterface
    interface Step {
        void run() throws Exception;
    }

    /** Runs a step on a thread of its own and waits for it, but no longer than {@code seconds}. */
    void run(String name, int seconds, Step step) {
        systemd.status("stopping: " + name);
        systemd.extendTimeout(TimeUnit.SECONDS.toMicros(seconds + 5));
        long startNs = clock.nanoTime();
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        step.run();
                        done.complete(true);
                    } catch (Exception | Error e) {
                        done.completeExceptionally(e);
                    }
                },
                "stop");
        thread.setDaemon(true);
        thread.start();
        try {
            done.get(seconds, TimeUnit.SECONDS);
            LOG.debug("stop: {} took {} ms", name, (clock.nanoTime() - startNs) / 1_000_000);
        } catch (TimeoutException e) {
            thread.interrupt();
            failed.add(name + " has not ended within " + seconds + " s");
            LOG.error("stop: {} has not ended within {} s, going on without it", name, seconds);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            failed.add(name + ": " + Failures.message(cause));
            LOG.error("stop: {} failed", name, cause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in the stop, at: " + name, e);
        }
    }

    /** Throws if a step did not end well. */
    void check() {
        if (!failed.isEmpty()) {
            throw new IllegalStateException(String.join("; ", failed));
        }
    }
}
