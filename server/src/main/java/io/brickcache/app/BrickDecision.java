package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.NodeAdministration.GivenUp;
import io.brickcache.admin.Reason;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenedDevice;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.index.BrickRecord;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an operator decides of a brick whose disk and cache cannot both be right: the disk is kept as it is and the cache
 * forgotten, or what is dirty in the cache goes onto the disk and the rest is forgotten. Called by whoever has the turn of
 * the brick's cache.
 */
final class BrickDecision {

    private static final Logger LOG = LoggerFactory.getLogger(BrickDecision.class);

    private final NodeContext context;
    private final Catalog catalog;
    private final Fronts fronts;
    private final WithoutCache withoutCache;
    private final BrickAttachment attachment;

    BrickDecision(
            NodeContext context,
            Catalog catalog,
            Fronts fronts,
            WithoutCache withoutCache,
            BrickAttachment attachment) {
        this.context = context;
        this.catalog = catalog;
        this.fronts = fronts;
        this.withoutCache = withoutCache;
        this.attachment = attachment;
    }

    /** Takes the disk as it is. Refused while that gives up dirty data and the operator has not said that it may. */
    void keepDisk(BrickEntry brick, GivenUp dirtyData) {
        BrickEntry.Status before = undecided(brick);
        OpenBrick open = before.open();
        long dirtyBytes = open == null
                ? context.ledger().read(brick.known().uuid()).dirtyBytes()
                : brick.cache().running().host().call(() -> open.cached().dirtyBytes());
        if (dirtyBytes != 0 && dirtyData == GivenUp.NOTHING) {
            throw wouldGiveUp(brick, dirtyBytes);
        }
        try {
            if (open == null) {
                keepDiskWithoutCache(brick);
            } else {
                keepDisk(brick, open);
            }
        } catch (IOException e) {
            throw Failures.of("brick " + brick.name() + " cannot be attached", e);
        }
        LOG.warn(
                "Brick {}: its disk is kept as it is, by order; {} bytes that only cache {} had are given up",
                brick.name(),
                dirtyBytes < 0 ? "an unknown number of" : Long.toString(dirtyBytes),
                brick.cache().name());
    }

    private void keepDiskWithoutCache(BrickEntry brick) throws IOException {
        LoopHost host = host(brick);
        KnownBrick found;
        try (OpenedDevice opened = context.open(brick.known().device())) {
            found = identified(brick, opened);
        }
        Instant now = Instant.ofEpochMilli(context.clock().epochMillis());
        context.ledger().update(found.uuid(), record -> record.madeVoid(now));
        brick.identify(found);
        catalog.save();
        withoutCache.serve(brick, host);
    }

    private void keepDisk(BrickEntry brick, OpenBrick open) throws IOException {
        RunningCache running = brick.cache().running();
        LoopHost host = running.host();
        OpenedDevice opened = context.open(brick.known().device());
        KnownBrick found = identified(brick, opened);
        BlockDevice disk = context.device(opened, host);
        try (Rollback rollback = new Rollback()) {
            rollback.add(() -> host.close(disk));
            check(host.await(done -> running.cache().giveUp(open.cached(), done)), brick);
            host.call(() -> {
                running.demoter().forget(open.cached());
                return true;
            });
            brick.identify(found);
            brick.become(BrickEntry.unavailable("it could not be attached again; detach it and attach it", null));
            OpenBrick fresh = attachment.attach(brick, disk);
            fronts.serve(brick, host, fresh.cached());
            catalog.attached(brick, BrickEntry.serving(fresh));
            rollback.keep();
        }
    }

    /** Writes what is dirty onto the disk in the end, and forgets what else the cache holds of it. */
    void keepCache(BrickEntry brick) {
        BrickEntry.Status before = undecided(brick);
        OpenBrick open = before.open();
        if (open == null || before.state() != BrickView.State.FENCED) {
            throw new AdminException(
                    Reason.NOTHING_TO_DECIDE,
                    "brick " + brick.name() + " is " + BrickFlush.words(before.state())
                            + ", its cache can be kept only when it is fenced",
                    "why, and what to do, says: brickcache brick show " + brick.name(),
                    Map.of("brick", brick.name()));
        }
        try {
            keepCache(brick, open);
        } catch (IOException e) {
            throw Failures.of("brick " + brick.name() + " cannot be attached", e);
        }
    }

    private void keepCache(BrickEntry brick, OpenBrick open) throws IOException {
        RunningCache running = brick.cache().running();
        LoopHost host = running.host();
        CachedBrick cached = open.cached();
        OpenedDevice opened = context.open(brick.known().device());
        KnownBrick found = identified(brick, opened);
        BlockDevice disk = context.device(opened, host);
        try (Rollback rollback = new Rollback()) {
            rollback.add(() -> host.close(disk));
            if (found.sizeBytes() < cached.record().sizeBytes()) {
                throw new AdminException(
                        Reason.DEVICE_UNSUITABLE,
                        found.device() + " has " + found.sizeBytes() + " bytes, the cache is for a disk of "
                                + cached.record().sizeBytes(),
                        "make it that large again, or use --keep-disk",
                        Map.of("brick", brick.name()));
            }
            check(host.await(done -> running.cache().empty(cached, Cache.Forget.CLEAN, done)), brick);
            BrickRecord old = cached.record();
            BrickRecord now =
                    new BrickRecord(old.id(), old.name(), old.uuid(), old.device(), found.identity(), old.sizeBytes());
            check(host.await(done -> running.cache().identify(cached, now, done)), brick);
            context.ledger().update(old.uuid(), record -> record.withFingerprint(null));
            brick.identify(found.withSize(old.sizeBytes()));
            host.call(() -> open.disk().replace(disk));
            rollback.keep();
        }
        catalog.attached(brick, BrickEntry.serving(open));
        fronts.serve(brick, host, cached);
        LOG.warn(
                "Brick {}: its cache is kept, by order; {} dirty bytes go onto its disk",
                brick.name(),
                host.call(cached::dirtyBytes));
    }

    private static BrickEntry.Status undecided(BrickEntry brick) {
        BrickEntry.Status status = brick.status();
        requireUndecided(brick.name(), status);
        return status;
    }

    /** Fails if the disk and the cache of the brick are both right. */
    static void requireUndecided(String brick, BrickEntry.Status status) {
        if (status.state() != BrickView.State.FENCED && status.state() != BrickView.State.UNAVAILABLE) {
            throw new AdminException(
                    Reason.NOTHING_TO_DECIDE,
                    "brick " + brick + " is neither fenced nor unavailable: there is nothing to decide",
                    "look at it with: brickcache brick show " + brick,
                    Map.of("brick", brick));
        }
    }

    private static AdminException wouldGiveUp(BrickEntry brick, long dirtyBytes) {
        return new AdminException(
                Reason.BRICK_DIRTY,
                dirtyBytes < 0
                        ? "nobody knows how many bytes of brick " + brick.name() + " only cache "
                                + brick.cache().name() + " has"
                        : "brick " + brick.name() + " has " + dirtyBytes + " bytes that only cache "
                                + brick.cache().name() + " has",
                "to give them up for good: brickcache brick attach " + brick.name() + " --keep-disk --give-up-dirty",
                Map.of("brick", brick.name(), "dirty_bytes", dirtyBytes < 0 ? "unknown" : Long.toString(dirtyBytes)));
    }

    private static KnownBrick identified(BrickEntry brick, OpenedDevice opened) {
        KnownBrick known = brick.known();
        return new KnownBrick(
                known.name(),
                known.uuid(),
                known.device(),
                opened.identity(),
                opened.geometry().sizeBytes());
    }

    private static LoopHost host(BrickEntry brick) {
        LoopHost host = brick.cache().host();
        if (host == null) {
            throw Failures.io("cache " + brick.cache().name() + " has no loop; see the log of the service's start");
        }
        return host;
    }

    private static void check(@Nullable IoStatus status, BrickEntry brick) {
        if (status != IoStatus.OK) {
            throw Failures.io("brick " + brick.name() + " could not be brought up to date in the metadata of cache "
                    + brick.cache().name());
        }
    }
}
