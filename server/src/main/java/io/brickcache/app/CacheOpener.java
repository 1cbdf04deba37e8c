package io.brickcache.app;

import io.brickcache.app.KnownCache.Phase;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.index.MetadataException;
import java.io.IOException;
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

    /** Brings one cache back, or takes away the rest of one that was never finished or never gone. */
    void bringBack(KnownCache known) {
        if (known.phase() != Phase.READY) {
            takeAway(known);
            return;
        }
        CacheEntry entry = catalog.found(known, CacheEntry.unavailable("it is being opened"));
        CacheOpening opening = new CacheOpening(context, known);
        try {
            RunningCache running = opening.open();
            entry.become(CacheEntry.serving(running));
            for (CachedBrick brick : running.host().call(() -> running.cache().bricks())) {
                serve(entry, running, brick, opening.missing());
            }
        } catch (MetadataException | IOException | RuntimeException | OutOfMemoryError e) {
            String reason = Failures.message(e);
            LOG.error("Cache {}: not available: {}", known.name(), reason);
            LOG.debug("Cache {}: not available", known.name(), e);
            entry.become(CacheEntry.unavailable(reason));
            for (KnownBrick brick : known.bricks()) {
                catalog.found(
                        brick, entry, BrickEntry.unavailable("cache " + known.name() + " is not available", null));
            }
        }
    }

    private void serve(CacheEntry entry, RunningCache running, CachedBrick brick, Map<Integer, String> missing) {
        OpenBrick open = new OpenBrick(brick, brick.disk());
        String reason = missing.get(brick.id());
        BrickEntry.Status status = reason == null ? BrickEntry.serving(open) : BrickEntry.unavailable(reason, open);
        KnownBrick known = KnownBrick.of(brick.record());
        if (catalog.found(known, entry, status) == null) {
            LOG.error("Brick {} of cache {}: not served, another brick has its name", known.name(), entry.name());
        } else if (reason == null) {
            exports.add(running.export(brick));
        }
    }

    private static void takeAway(KnownCache known) {
        LOG.warn(
                "Cache {}: its {} was cut short; removing what is left",
                known.name(),
                known.phase() == Phase.CREATING ? "creation" : "deletion");
        try {
            CacheFiles.delete(known);
        } catch (IOException e) {
            LOG.warn(
                    "Cache {}: what is left in {} cannot be removed: {}",
                    known.name(),
                    known.directory(),
                    e.toString());
        }
    }
}
