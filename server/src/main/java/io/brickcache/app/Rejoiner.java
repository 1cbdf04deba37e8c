package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.Reason;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.OpenedDevice;
import io.brickcache.cache.index.MetadataException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings back what was away: looks every few seconds whether the SSD of a cache, or the disk of a brick, can be opened again,
 * and puts it below the exports that run. A cache whose parts are there but cannot be opened is tried less and less often.
 */
final class Rejoiner implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Rejoiner.class);

    private static final long LOOK_SECONDS = 3;
    private static final long STOP_SECONDS = 50;
    private static final int MAX_SKIPPED_LOOKS = 100;

    private final NodeContext context;
    private final Lifecycle lifecycle;
    private final Catalog catalog;
    private final CacheOpener opener;
    private final WithoutCache withoutCache;
    private final Fronts fronts;
    private final SsdWatch ssds;
    private final Map<CacheEntry, Patience> patience = new HashMap<>();
    private @Nullable ScheduledExecutorService timer;

    /** How often in a row a cache could not be opened, and for how many looks it is left alone. */
    private static final class Patience {
        private int failures;
        private int skip;
    }

    Rejoiner(
            NodeContext context,
            Lifecycle lifecycle,
            Catalog catalog,
            CacheOpener opener,
            WithoutCache withoutCache,
            Fronts fronts) {
        this.context = context;
        this.lifecycle = lifecycle;
        this.catalog = catalog;
        this.opener = opener;
        this.withoutCache = withoutCache;
        this.fronts = fronts;
        this.ssds = new SsdWatch(context);
    }

    void start() {
        ScheduledExecutorService started = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "rejoin");
            thread.setDaemon(true);
            return thread;
        });
        timer = started;
        var unused = started.scheduleWithFixedDelay(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    }

    private void look() {
        for (CacheEntry cache : catalog.caches()) {
            try {
                lifecycle.change(() -> {
                    look(cache);
                    return true;
                });
            } catch (AdminException e) {
                LOG.debug("Cache {}: not looked at: {}", cache.name(), e.getMessage());
            } catch (RuntimeException e) {
                LOG.error("Cache {}: the look whether something of it is back failed", cache.name(), e);
            }
        }
    }

    private void look(CacheEntry cache) {
        if (!cache.turn().tryLock()) {
            return;
        }
        try {
            LoopHost host = cache.host();
            if (host == null) {
                return;
            }
            if (CacheOpener.isAway(cache)) {
                lookForCache(cache, host);
                return;
            }
            RunningCache running = cache.status().running();
            if (running != null && cache.status().state() == CacheView.State.SERVING) {
                if (ssds.isReplaced(cache, running)) {
                    opener.reopen(cache, running, host);
                }
                lookForDisks(cache, host);
            }
        } finally {
            cache.turn().unlock();
        }
    }

    // ---- caches

    private void lookForCache(CacheEntry cache, LoopHost host) {
        Patience waited = patience.computeIfAbsent(cache, entry -> new Patience());
        if (!looksComplete(cache.known())) {
            waited.failures = 0;
            waited.skip = 0;
        } else if (waited.skip > 0) {
            waited.skip--;
        } else {
            try {
                opener.join(cache, host);
                patience.remove(cache);
                LOG.info("Cache {}: is back", cache.name());
                return;
            } catch (MetadataException | IOException | RuntimeException | OutOfMemoryError e) {
                String problem = CacheOpener.problem(cache.known(), e);
                waited.skip = Math.min(MAX_SKIPPED_LOOKS, 1 << Math.min(waited.failures, 10));
                waited.failures++;
                if (waited.failures == 1) {
                    LOG.warn("Cache {}: is there, but cannot be opened: {}", cache.name(), problem);
                }
                withoutCache.serve(cache, host, problem);
                return;
            }
        }
        for (BrickEntry brick : catalog.bricksOf(cache)) {
            if (brick.status().state() == BrickView.State.UNAVAILABLE) {
                withoutCache.serve(brick, host);
            }
        }
    }

    /** Cheap, and touches nothing: a directory that is not mounted, or a device that is gone, is the usual case. */
    private static boolean looksComplete(KnownCache known) {
        return Files.exists(known.metadataDirectory().resolve("CURRENT")) && Files.exists(known.dataPath());
    }

    /** Opens the cache now, by order; fails with the reason if it cannot be opened. */
    void rejoin(CacheEntry cache) {
        cache.turn().lock();
        try {
            LoopHost host = cache.host();
            if (cache.status().state() != CacheView.State.UNAVAILABLE || host == null) {
                throw new AdminException(
                        Reason.NOTHING_TO_DECIDE,
                        "cache " + cache.name() + " is not away",
                        "look at it with: brickcache cache show " + cache.name(),
                        Map.of("cache", cache.name()));
            }
            try {
                opener.join(cache, host);
            } catch (MetadataException | IOException e) {
                String problem = CacheOpener.problem(cache.known(), e);
                withoutCache.serve(cache, host, problem);
                throw new AdminException(
                        Reason.CACHE_UNAVAILABLE,
                        "cache " + cache.name() + " cannot be opened: " + problem,
                        "put that right, or give the cache up with: brickcache cache delete " + cache.name()
                                + " --force",
                        Map.of("cache", cache.name()),
                        e);
            }
        } finally {
            cache.turn().unlock();
        }
    }

    // ---- disks

    private void lookForDisks(CacheEntry cache, LoopHost host) {
        for (BrickEntry brick : catalog.bricksOf(cache)) {
            OpenBrick open = brick.status().open();
            if (open != null && brick.status().state() == BrickView.State.UNAVAILABLE) {
                lookForDisk(brick, open, host);
            }
        }
    }

    private void lookForDisk(BrickEntry brick, OpenBrick open, LoopHost host) {
        KnownBrick known = brick.known();
        BlockDevice disk;
        try {
            OpenedDevice opened = context.open(known.device());
            if (!BrickDisks.isSame(known, opened)) {
                String changed = BrickDisks.changed(known, opened);
                opened.close();
                fence(brick, open, changed, host);
                return;
            }
            BrickDisks.noteSize(known, opened);
            disk = context.device(opened, host);
        } catch (IOException e) {
            LOG.debug("Brick {}: its disk is still away: {}", brick.name(), BrickDisks.why(e));
            return;
        }
        BlockDevice standIn = host.call(() -> open.disk().replace(disk));
        String evidence = new FenceEvidence(
                        context.ledger(), host, brick.cache().running().cache())
                .against(Map.of(open.cached(), disk))
                .get(open.cached());
        try {
            if (evidence == null) {
                BrickEnlargement.complete(brick, open, brick.cache().running());
                context.ledger().update(known.uuid(), record -> record.withFingerprint(null));
                fronts.serve(brick, host, open.cached());
                brick.become(BrickEntry.serving(open));
                LOG.info("Brick {}: its disk is back", brick.name());
                return;
            }
            fence(brick, open, known.device() + " was written without the cache: " + evidence, host);
        } catch (AdminException e) {
            LOG.error("Brick {}: not served: {}", brick.name(), e.getMessage());
        } catch (IOException e) {
            LOG.error("Brick {}: not served: its record cannot be written: {}", brick.name(), Failures.message(e));
        }
        host.call(() -> open.disk().replace(standIn));
        host.close(disk);
    }

    private static void fence(BrickEntry brick, OpenBrick open, String evidence, LoopHost host) {
        long dirtyBytes = host.call(() -> open.cached().dirtyBytes());
        String reason = BrickDisks.fenced(brick.known(), evidence, dirtyBytes);
        brick.become(BrickEntry.fenced(reason, open));
        LOG.error("Brick {}: fenced: {}", brick.name(), reason);
    }

    /** Looks no more; a look under way ends first. */
    @Override
    public void close() {
        ScheduledExecutorService started = timer;
        if (started == null) {
            return;
        }
        started.shutdown();
        try {
            if (!started.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("A cache is being opened and has not ended within {} s", STOP_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
