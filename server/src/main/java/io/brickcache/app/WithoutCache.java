package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenedDevice;
import java.io.IOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of the bricks of a cache that cannot be opened: those of which nothing is dirty are served from their disks
 * ({@link PassThrough}), the others are refused, with the amount, until the cache is back or an operator gives it up.
 */
final class WithoutCache {

    private static final Logger LOG = LoggerFactory.getLogger(WithoutCache.class);

    private final NodeContext context;
    private final Catalog catalog;
    private final Fronts fronts;

    WithoutCache(NodeContext context, Catalog catalog, Fronts fronts) {
        this.context = context;
        this.catalog = catalog;
        this.fronts = fronts;
    }

    /** Deals with every brick of the cache that is not served yet, and says in the cache's entry what is lost. */
    void serve(CacheEntry cache, LoopHost host, String problem) {
        long dirtyBytes = 0;
        int refused = 0;
        boolean unknown = false;
        for (BrickEntry brick : catalog.bricksOf(cache)) {
            serve(brick, host);
            LedgerRecord record = context.ledger().read(brick.known().uuid());
            if (!record.isDiskWhole()) {
                refused++;
                unknown |= record.dirtyBytes() < 0;
                dirtyBytes += Math.max(0, record.dirtyBytes());
            }
        }
        String lost = refused == 0
                ? "nothing is lost, its bricks are served from their disks"
                : (unknown ? "an unknown amount of data" : dirtyBytes + " bytes") + " of " + refused
                        + (refused == 1 ? " brick are" : " bricks are") + " on it only";
        cache.become(CacheEntry.unavailable(problem + "; " + lost
                + "; put that right and it rejoins by itself, or give it up with: brickcache cache delete "
                + cache.name() + " --force"));
    }

    /** Serves the brick from its disk if that has everything and is there; otherwise says why not. */
    void serve(BrickEntry brick, LoopHost host) {
        if (brick.status().direct() != null) {
            return;
        }
        KnownBrick known = brick.known();
        LedgerRecord record = context.ledger().read(known.uuid());
        if (!record.isDiskWhole()) {
            become(brick, host, BrickEntry.unavailable(dirty(brick, record), null));
            return;
        }
        try {
            OpenedDevice opened = context.open(known.device());
            if (!BrickDisks.isSame(known, opened)) {
                String changed = BrickDisks.changed(known, opened);
                opened.close();
                become(brick, host, BrickEntry.fenced(BrickDisks.fenced(known, changed, 0), null));
                return;
            }
            BlockDevice disk = context.device(opened, host);
            PassThrough direct = new PassThrough(
                    disk,
                    known.sizeBytes(),
                    brick.cache().known().blockBytes(),
                    record.isVoid(),
                    done -> host.ledger().markVoid(known.uuid(), status -> {
                        told(brick.name(), known.uuid(), status);
                        done.accept(status);
                    }));
            fronts.serve(brick, host, direct);
            become(
                    brick,
                    host,
                    BrickEntry.passThrough(
                            direct, "cache " + brick.cache().name() + " is not available; its disk has everything"));
        } catch (IOException e) {
            become(
                    brick,
                    host,
                    BrickEntry.unavailable(
                            "cache " + brick.cache().name() + " is not available and neither is the disk: "
                                    + BrickDisks.why(e),
                            null));
        }
    }

    private void become(BrickEntry brick, LoopHost host, BrickEntry.Status status) {
        boolean said = brick.status().state() == status.state()
                && brick.status().reason().equals(status.reason());
        brick.become(status);
        if (status.direct() == null) {
            fronts.refuse(brick, host);
            if (!said) {
                LOG.error("Brick {}: not served: {}", brick.name(), status.reason());
            }
        } else {
            LOG.warn("Brick {}: served from its disk alone: {}", brick.name(), status.reason());
        }
    }

    private static void told(String brick, UUID uuid, IoStatus status) {
        if (status.isOk()) {
            LOG.warn("Brick {}: written without its cache; what the cache holds of it counts no more", brick);
        } else {
            LOG.error("Brick {}: a write failed, since the record {} cannot be written", brick, uuid);
        }
    }

    private static String dirty(BrickEntry brick, LedgerRecord record) {
        String amount = record.dirtyBytes() < 0
                ? "nobody knows how much of this brick is on it only"
                : record.dirtyBytes() + " bytes of this brick are on it only";
        return "cache " + brick.cache().name() + " is not available and " + amount
                + "; bring its SSD back, or give them up with: brickcache brick attach " + brick.name()
                + " --keep-disk --give-up-dirty";
    }

    /** Ends the service from the disk; the clients are gone or held back. */
    static void release(@Nullable PassThrough direct, LoopHost host) {
        if (direct != null) {
            drain(direct, host);
            host.close(direct.disk());
        }
    }

    /** Waits for what clients have under way. */
    static void drain(PassThrough direct, LoopHost host) {
        host.await(done -> direct.drain(() -> done.accept(IoStatus.OK)));
    }
}
