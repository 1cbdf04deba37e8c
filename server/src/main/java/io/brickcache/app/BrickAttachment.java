package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.NodeAdministration.BrickSpec;
import io.brickcache.admin.Reason;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenedDevice;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.index.BrickRecord;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Attaches bricks: opens the disk, makes it known to its cache, exports it. Thread-safe. */
final class BrickAttachment {

    private static final Logger LOG = LoggerFactory.getLogger(BrickAttachment.class);

    private final NodeContext context;
    private final Catalog catalog;
    private final Exports exports;

    BrickAttachment(NodeContext context, Catalog catalog, Exports exports) {
        this.context = context;
        this.catalog = catalog;
        this.exports = exports;
    }

    /** Attaches a brick. After a failure nothing is attached. */
    BrickEntry attach(BrickSpec spec) {
        CacheEntry cache = catalog.cache(spec.cache());
        RunningCache running = cache.running();
        try (Rollback rollback = new Rollback()) {
            OpenedDevice opened = context.open(spec.devicePath());
            Rollback.Step[] close = {opened::close};
            rollback.add(() -> close[0].undo());
            KnownBrick known = new KnownBrick(
                    spec.name(),
                    context.entropy().nextUuid(),
                    spec.devicePath(),
                    opened.identity(),
                    opened.geometry().sizeBytes());
            BrickEntry entry = catalog.reserve(known, cache);
            rollback.add(() -> catalog.removed(entry));
            close[0] = () -> {};
            BlockDevice disk = context.device(opened, running.host());
            close[0] = () -> running.host().close(disk);
            CachedBrick cached = makeKnown(running, known, disk);
            catalog.attached(entry, BrickEntry.serving(new OpenBrick(cached, disk)));
            exports.add(running.export(cached));
            rollback.keep();
            LOG.info("Brick {}: attached to {}, {}, {} bytes", spec.name(), spec.cache(), opened, known.sizeBytes());
            return entry;
        } catch (IOException e) {
            throw Failures.of("brick " + spec.name() + " cannot be attached", e);
        }
    }

    private CachedBrick makeKnown(RunningCache running, KnownBrick known, BlockDevice disk) {
        CompletableFuture<IoStatus> durable = new CompletableFuture<>();
        Cache cache = running.cache();
        @Nullable
        CachedBrick cached = running.host().call(() -> {
            int id = cache.freeBrickId();
            if (id < 0) {
                return null;
            }
            BrickRecord record = new BrickRecord(
                    id, known.name(), known.uuid(), known.device().toString(), known.identity(), known.sizeBytes());
            return cache.attach(record, disk, durable::complete);
        });
        if (cached == null) {
            throw new AdminException(
                    Reason.NO_SPACE,
                    "cache " + running.name() + " has as many bricks as it can have",
                    "use another cache",
                    Map.of("cache", running.name()));
        }
        if (!LoopHost.finish(durable).isOk()) {
            running.host().await(done -> cache.detach(cached, done));
            throw Failures.io("brick " + known.name() + " could not be written to the metadata of " + running.name());
        }
        return cached;
    }
}
