package io.brickcache.app;

import io.brickcache.app.KnownCache.Phase;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.index.MetadataException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the caches and bricks of the state directory back at a start. What cannot be opened is listed with its reason and
 * holds up nothing else.
 */
final class CacheOpener {

    private static final Logger LOG = LoggerFactory.getLogger(CacheOpener.class);

    private final NodeContext context;
    private final Catalog catalog;
    private final Exports exports;

    CacheOpener(NodeContext context, Catalog catalog, Exports exports) {
        this.context = context;
        this.catalog = catalog;
        this.exports = exports;
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

    /** Opens a cache and its bricks, or says in its entry why it cannot. */
    void open(CacheEntry entry) {
        CacheOpening opening = new CacheOpening(context, entry.known());
        try {
            RunningCache running = opening.open();
            entry.become(CacheEntry.serving(running));
            catalog.forgetBricksOf(entry);
            for (CachedBrick brick : running.host().call(() -> running.cache().bricks())) {
                serve(entry, running, brick, opening.missing());
            }
        } catch (MetadataException | IOException | RuntimeException | OutOfMemoryError e) {
            String reason = Failures.message(e);
            LOG.error("Cache {}: not available: {}", entry.name(), reason);
            LOG.debug("Cache {}: not available", entry.name(), e);
            entry.become(CacheEntry.unavailable(reason));
            catalog.bricksOf(entry)
                    .forEach(brick -> brick.become(
                            BrickEntry.unavailable("cache " + entry.name() + " is not available: " + reason, null)));
        }
    }

    private void serve(CacheEntry entry, RunningCache running, CachedBrick brick, Map<Integer, String> missing) {
        OpenBrick open = new OpenBrick(brick, brick.disk());
        String reason = missing.get(brick.id());
        BrickEntry.Status status = reason == null ? BrickEntry.serving(open) : BrickEntry.unavailable(reason, open);
        KnownBrick known = KnownBrick.of(brick.record());
        if (!catalog.found(known, entry, status)) {
            LOG.error("Brick {} of cache {}: not served, another brick has its name", known.name(), entry.name());
        } else if (reason == null) {
            exports.add(running.export(brick));
        }
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
