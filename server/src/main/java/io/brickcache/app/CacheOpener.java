package io.brickcache.app;

import io.brickcache.admin.BrickView;
import io.brickcache.admin.CacheView;
import io.brickcache.app.KnownCache.Phase;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.SwitchableDevice;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.index.MetadataException;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the caches and bricks of the state directory into service: at a start, and whenever a cache that was away may be
 * back. What cannot be opened is listed with its reason and holds up nothing else; its bricks are served without it as far as
 * that is safe ({@link WithoutCache}). Called by whoever has the cache's turn.
 */
final class CacheOpener {

    private static final Logger LOG = LoggerFactory.getLogger(CacheOpener.class);

    private final NodeContext context;
    private final Catalog catalog;
    private final Fronts fronts;
    private final WithoutCache withoutCache;

    CacheOpener(NodeContext context, Catalog catalog, Fronts fronts, WithoutCache withoutCache) {
        this.context = context;
        this.catalog = catalog;
        this.fronts = fronts;
        this.withoutCache = withoutCache;
    }

    /**
     * Lists everything as not available yet, so that nobody takes a node that is starting for one without bricks, and takes
     * away what is left of caches that were never finished or never gone. Answers with what is to be {@link #open}ed.
     */
    List<CacheEntry> list(List<KnownCache> known) {
        known.stream().filter(cache -> cache.phase() != Phase.READY).forEach(CacheOpener::takeAway);
        return known.stream()
                .filter(cache -> cache.phase() == Phase.READY)
                .map(this::list)
                .toList();
    }

    private CacheEntry list(KnownCache known) {
        CacheEntry entry = catalog.found(known, CacheEntry.unavailable("it is being opened"));
        for (KnownBrick brick : known.bricks()) {
            catalog.found(brick, entry, BrickEntry.unavailable("cache " + entry.name() + " is being opened", null));
        }
        return entry;
    }

    /** Opens a cache and its bricks, or says in its entry why it cannot, and serves what can be served without it. */
    void open(CacheEntry entry) {
        LoopHost host;
        try {
            host = context.startLoop(entry.name());
        } catch (RuntimeException | OutOfMemoryError e) {
            refuse(entry, Failures.message(e));
            return;
        }
        entry.runOn(host);
        try {
            join(entry, host);
        } catch (MetadataException | IOException | RuntimeException | OutOfMemoryError e) {
            String problem = problem(entry.known(), e);
            LOG.error("Cache {}: not available: {}", entry.name(), problem);
            LOG.debug("Cache {}: not available", entry.name(), e);
            withoutCache.serve(entry, host, problem);
        }
    }

    /** What is wrong with a cache that cannot be opened, for people. */
    static String problem(KnownCache known, Throwable e) {
        if (!(e instanceof MetadataException metadata)) {
            return e instanceof IOException io ? BrickDisks.why(io) : Failures.message(e);
        }
        String message = Failures.message(e);
        String what = message.contains(known.directory().toString())
                        || message.contains(known.dataPath().toString())
                ? message
                : known.metadataDirectory() + ": " + message;
        return metadata.kind() == MetadataException.Kind.CORRUPT ? "its metadata is damaged: " + what : what;
    }

    private void refuse(CacheEntry entry, String reason) {
        LOG.error("Cache {}: not available: {}", entry.name(), reason);
        entry.become(CacheEntry.unavailable(reason));
        catalog.bricksOf(entry)
                .forEach(brick -> brick.become(
                        BrickEntry.unavailable("cache " + entry.name() + " is not available: " + reason, null)));
    }

    /**
     * Opens the cache below its bricks, which are served without it meanwhile, or not at all: their clients see a pause and
     * no error. After a failure those that were served are served as before; {@link WithoutCache} has to follow for others.
     */
    void join(CacheEntry entry, LoopHost host) throws MetadataException, IOException {
        CacheOpening opening = new CacheOpening(context, entry.known(), host, uuid -> brickOf(entry, uuid));
        LoadedCache loaded = opening.load();
        List<BrickEntry> before = catalog.bricksOf(entry);
        before.forEach(brick -> hold(brick, host));
        RunningCache running;
        try {
            running = new CacheStart(context, loaded).start();
        } catch (MetadataException | IOException | RuntimeException | Error e) {
            before.forEach(brick -> letGo(brick, host));
            throw e;
        }
        // It runs: nothing from here on may be taken for a failure to open it.
        loaded.bricks().forEach(brick -> serve(entry, host, brick));
        entry.become(CacheEntry.serving(running));
        for (BrickEntry brick : before) {
            if (brick.status().open() == null) {
                unknownToItsCache(brick, host);
            }
        }
        catalog.saveIfPossible();
    }

    /**
     * Closes a cache whose SSD has failed under it and opens it from the one that is there now: clients see a pause. If it
     * cannot be opened, what can be is served without it.
     */
    void reopen(CacheEntry entry, RunningCache failed, LoopHost host) {
        LOG.warn("Cache {}: its SSD is another device now; opening it again", entry.name());
        List<BrickEntry> bricks = catalog.bricksOf(entry);
        bricks.forEach(brick -> fronts.pause(brick, host));
        failed.stop();
        entry.become(CacheEntry.unavailable("it is being opened again"));
        bricks.forEach(brick ->
                brick.become(BrickEntry.unavailable("cache " + entry.name() + " is being opened again", null)));
        try {
            join(entry, host);
        } catch (MetadataException | IOException | RuntimeException | OutOfMemoryError e) {
            String problem = problem(entry.known(), e);
            LOG.error("Cache {}: not available: {}", entry.name(), problem);
            withoutCache.serve(entry, host, problem);
        }
    }

    private @Nullable BrickEntry brickOf(CacheEntry cache, UUID uuid) {
        return catalog.bricksOf(cache).stream()
                .filter(brick -> brick.known().uuid().equals(uuid))
                .findFirst()
                .orElse(null);
    }

    private void hold(BrickEntry brick, LoopHost host) {
        fronts.pause(brick, host);
        PassThrough direct = brick.status().direct();
        if (direct != null) {
            WithoutCache.drain(direct, host);
        }
    }

    /** Those that were not served without the cache are dealt with by {@link WithoutCache}. */
    private void letGo(BrickEntry brick, LoopHost host) {
        PassThrough direct = brick.status().direct();
        if (direct != null) {
            fronts.serve(brick, host, direct);
        }
    }

    private void serve(CacheEntry cache, LoopHost host, LoadedBrick loaded) {
        CachedBrick cached = loaded.cached();
        OpenBrick open = new OpenBrick(cached, (SwitchableDevice) cached.disk());
        BrickEntry.Status status = new BrickEntry.Status(loaded.state(), loaded.reason(), open);
        BlockDevice unused = loaded.isServed() ? null : loaded.real();
        if (unused != null) {
            host.close(unused);
        }
        BrickEntry entry = catalog.found(loaded.expected(), cache, status);
        if (entry == null) {
            LOG.error(
                    "Brick {} of cache {}: not served, another brick has its name",
                    loaded.record().name(),
                    cache.name());
            return;
        }
        entry.identify(loaded.expected());
        if (loaded.isServed()) {
            fronts.serve(entry, host, cached);
            entry.become(status);
        } else {
            entry.become(status);
            LOG.error("Brick {}: {}: {}", entry.name(), loaded.state(), loaded.reason());
            fronts.refuse(entry, host);
        }
    }

    /** A brick that was attached before the metadata was last made durable, or detached after: the disk has everything. */
    private void unknownToItsCache(BrickEntry brick, LoopHost host) {
        if (brick.front() == null && brick.status().state() != BrickView.State.FENCED) {
            LOG.warn(
                    "Brick {}: cache {} does not know it; it is not listed any more",
                    brick.name(),
                    brick.cache().name());
            WithoutCache.release(brick.status().direct(), host);
            catalog.removed(brick);
        } else {
            LOG.error(
                    "Brick {}: cache {} does not know it; detach it and attach it again",
                    brick.name(),
                    brick.cache().name());
            letGo(brick, host);
            if (brick.status().direct() == null) {
                fronts.refuse(brick, host);
            }
        }
    }

    /** True if the cache is worth trying to open. */
    static boolean isAway(CacheEntry entry) {
        return entry.status().state() == CacheView.State.UNAVAILABLE && entry.host() != null;
    }

    private static void takeAway(KnownCache known) {
        String what = known.phase() == Phase.CREATING ? "creation" : "deletion";
        LOG.warn("Cache {}: its {} was cut short; removing what is left", known.name(), what);
        try {
            CacheFiles.delete(known);
        } catch (IOException e) {
            LOG.warn("Cache {}: what is left in {} cannot be removed", known.name(), known.directory(), e);
        }
    }
}
