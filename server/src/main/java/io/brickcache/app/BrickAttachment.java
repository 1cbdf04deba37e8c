package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.NodeAdministration.BrickSpec;
import io.brickcache.admin.Reason;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenedDevice;
import io.brickcache.block.SwitchableDevice;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.index.BrickRecord;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Attaches bricks: opens the disk, makes it known to its cache, exports it. Thread-safe. */
final class BrickAttachment {

    private static final Logger LOG = LoggerFactory.getLogger(BrickAttachment.class);

    private final NodeContext context;
    private final Catalog catalog;
    private final Fronts fronts;

    BrickAttachment(NodeContext context, Catalog catalog, Fronts fronts) {
        this.context = context;
        this.catalog = catalog;
        this.fronts = fronts;
    }

    /** Attaches a brick. After a failure nothing is attached. */
    BrickEntry attach(BrickSpec spec) {
        CacheEntry cache = catalog.cache(spec.cache());
        RunningCache running = cache.running();
        try {
            OpenedDevice opened = context.open(spec.devicePath());
            KnownBrick known = new KnownBrick(
                    spec.name(),
                    context.entropy().nextUuid(),
                    spec.devicePath(),
                    opened.identity(),
                    opened.geometry().sizeBytes());
            BrickEntry entry = reserve(known, cache, opened);
            try (Rollback rollback = new Rollback()) {
                rollback.add(() -> catalog.removed(entry));
                BlockDevice disk = context.device(opened, running.host());
                rollback.add(() -> running.host().close(disk));
                rollback.add(() -> context.ledger().remove(known.uuid()));
                OpenBrick open = attach(entry, disk);
                fronts.serve(entry, running.host(), open.cached());
                catalog.attached(entry, BrickEntry.serving(open));
                rollback.keep();
            }
            LOG.info("Brick {}: attached to {}, {}, {} bytes", spec.name(), spec.cache(), opened, known.sizeBytes());
            return entry;
        } catch (IOException e) {
            throw Failures.of("brick " + spec.name() + " cannot be attached", e);
        }
    }

    private BrickEntry reserve(KnownBrick known, CacheEntry cache, OpenedDevice opened) {
        try {
            return catalog.reserve(known, cache);
        } catch (AdminException e) {
            opened.close();
            throw e;
        }
    }

    /** Makes a brick known to its cache, which holds nothing of it; durable when it returns. The disk stays the caller's. */
    OpenBrick attach(BrickEntry entry, BlockDevice disk) throws IOException {
        RunningCache running = entry.cache().running();
        SwitchableDevice seat = new SwitchableDevice(disk);
        context.ledger().update(entry.known().uuid(), before -> LedgerRecord.clean(before.brick()));
        CompletableFuture<IoStatus> durable = new CompletableFuture<>();
        CachedBrick cached = running.host().call(() -> attachNow(running, entry.known(), seat, durable::complete));
        if (!LoopHost.finish(durable).isOk()) {
            throw Failures.io(
                    "brick " + entry.name() + " could not be written to the metadata of cache " + running.name());
        }
        return new OpenBrick(cached, seat);
    }

    private static CachedBrick attachNow(
            RunningCache running, KnownBrick known, BlockDevice disk, Consumer<IoStatus> durable) {
        int id = running.cache().freeBrickId();
        if (id < 0) {
            throw new AdminException(
                    Reason.NO_SPACE,
                    "cache " + running.name() + " has as many bricks as it can have",
                    "use another cache",
                    Map.of("cache", running.name()));
        }
        BrickRecord record = new BrickRecord(
                id, known.name(), known.uuid(), known.device().toString(), known.identity(), known.sizeBytes());
        return running.cache().attach(record, disk, durable);
    }
}
