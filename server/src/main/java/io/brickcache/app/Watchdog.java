package io.brickcache.app;

import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd's watchdog that the service is well for as long as every loop answers; where none is configured it does
 * nothing. A loop that hangs lets the watchdog bark, and systemd restarts the service.
 */
final class Watchdog implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);

    /** Looks per interval of the watchdog: one may come late. */
    private static final int LOOKS = 3;

    private final SystemdNotifier systemd;
    private final Catalog catalog;
    private final Map<RunningCache, CompletableFuture<Boolean>> asked = new WeakHashMap<>();
    private @Nullable ScheduledExecutorService timer;

    Watchdog(SystemdNotifier systemd, Catalog catalog) {
        this.systemd = systemd;
        this.catalog = catalog;
    }

    void start() {
        if (systemd.watchdogUs().isEmpty()) {
            return;
        }
        ScheduledExecutorService started = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "watchdog");
            thread.setDaemon(true);
            return thread;
        });
        timer = started;
        long pauseUs = Math.max(1, systemd.watchdogUs().getAsLong() / LOOKS);
        var unused = started.scheduleAtFixedRate(this::look, 0, pauseUs, TimeUnit.MICROSECONDS);
    }

    private void look() {
        boolean well = true;
        for (CacheEntry entry : catalog.caches()) {
            RunningCache running = entry.status().running();
            well &= running == null || answers(running);
        }
        if (well) {
            systemd.watchdog();
        }
    }

    /** True if the loop has answered the question of the last look; asks the next one. */
    private boolean answers(RunningCache running) {
        CompletableFuture<Boolean> last = asked.get(running);
        if (last != null && !last.isDone()) {
            LOG.error("Cache {}: its loop does not answer", running.name());
            return false;
        }
        asked.put(running, running.host().submit(() -> true));
        return true;
    }

    @Override
    public void close() {
        if (timer != null) {
            timer.shutdownNow();
        }
    }
}
