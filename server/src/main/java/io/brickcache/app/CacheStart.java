package io.brickcache.app;

import io.brickcache.admin.BrickView;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.block.SwitchableDevice;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.demotion.Demoter;
import io.brickcache.demotion.DemotionOptions;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a loaded cache run: the fence, the first commit, what does not count any more forgotten, demotion. No client has a
 * request under way meanwhile. Blocks; used once.
 */
final class CacheStart {

    private static final Logger LOG = LoggerFactory.getLogger(CacheStart.class);

    private final NodeContext context;
    private final LoadedCache loaded;
    private final LoopHost host;
    private final Cache cache;

    CacheStart(NodeContext context, LoadedCache loaded) {
        this.context = context;
        this.loaded = loaded;
        this.host = loaded.host();
        this.cache = loaded.cache();
    }

    /** Starts it; after a failure everything that was opened for it is closed. */
    RunningCache start() throws MetadataException, IOException {
        try {
            fence();
            IoStatus status = host.await(cache::start);
            if (!status.isOk()) {
                host.await(cache::stop);
                throw new MetadataException(
                        Kind.IO,
                        "the first commit of cache " + loaded.known().name() + " failed; see the log for its cause");
            }
            try {
                for (LoadedBrick brick : List.copyOf(loaded.bricks())) {
                    settle(brick);
                }
            } catch (IOException | RuntimeException e) {
                host.await(cache::stop);
                throw e;
            }
            Demoter demoter =
                    new Demoter(cache, DemotionOptions.of(context.config().cache()));
            host.call(() -> {
                demoter.start();
                cache.scrubber().every(context.config().scrub());
                return true;
            });
            loaded.rollback().keep();
            LOG.info("Cache {}: serves, {} slots dirty", loaded.known().name(), host.call(cache::dirtySlots));
            return new RunningCache(loaded.known().name(), host, loaded.store(), loaded.ssd(), cache, demoter);
        } catch (MetadataException | IOException | RuntimeException | Error e) {
            loaded.rollback().close();
            throw e;
        }
    }

    // ---- the fence

    private void fence() {
        Map<CachedBrick, BlockDevice> disks = new HashMap<>();
        for (LoadedBrick brick : loaded.bricks()) {
            BlockDevice disk = brick.real();
            // What is void does not count, whatever the disk holds.
            if (disk != null && brick.isServed() && !ledger(brick).isVoid()) {
                disks.put(brick.cached(), disk);
            }
        }
        Map<CachedBrick, String> evidence = new FenceEvidence(context.ledger(), host, cache).against(disks);
        for (LoadedBrick brick : loaded.bricks()) {
            String against = evidence.get(brick.cached());
            if (against != null) {
                brick.fence(brick.expected().device() + " was written without the cache: " + against);
            }
            if (brick.state() == BrickView.State.FENCED) {
                long dirtyBytes = host.call(() -> brick.cached().dirtyBytes());
                brick.fence(BrickDisks.fenced(brick.expected(), brick.reason(), dirtyBytes));
            }
            if (!brick.isServed()) {
                shut(brick);
            }
        }
    }

    /** Nothing reaches the disk of a brick that is not served. */
    private void shut(LoadedBrick brick) {
        host.call(() -> brick.disk()
                .replace(new MissingDisk(brick.record().device(), brick.disk().geometry())));
    }

    // ---- what the state directory says

    private void settle(LoadedBrick brick) throws IOException {
        LedgerRecord record = ledger(brick);
        if (record.detached()) {
            LOG.warn(
                    "Brick {}: was detached while cache {} was away",
                    brick.record().name(),
                    loaded.known().name());
            check(host.await(done -> cache.giveUp(brick.cached(), done)), brick);
            context.ledger().remove(record.brick());
            loaded.bricks().remove(brick);
            return;
        }
        if (brick.isReplaced()) {
            replace(brick);
        } else if (record.isVoid()) {
            LOG.warn(
                    "Brick {}: its disk was written without cache {} from {} on; the cache starts empty for it",
                    brick.record().name(),
                    loaded.known().name(),
                    record.voidSince());
            check(host.await(done -> cache.empty(brick.cached(), Cache.Forget.ALL, done)), brick);
        }
        if (brick.isGrown()) {
            long sizeBytes = brick.expected().sizeBytes();
            LOG.info("Brick {}: grows to {} bytes, as was begun", brick.record().name(), sizeBytes);
            check(host.await(done -> cache.grow(brick.cached(), sizeBytes, done)), brick);
        }
        if (record.isVoid() || brick.isServed()) {
            // Durable before the first client: from now on the cache counts, and the disk may change.
            context.ledger()
                    .update(record.brick(), now -> new LedgerRecord(now.brick(), now.dirtyBytes(), null, false, null));
        }
    }

    /** The operator took the device as it is; for the cache it is a new one. */
    private void replace(LoadedBrick brick) throws IOException {
        check(host.await(done -> cache.giveUp(brick.cached(), done)), brick);
        KnownBrick now = brick.expected();
        SwitchableDevice disk = new SwitchableDevice(Objects.requireNonNull(brick.real()));
        CompletableFuture<IoStatus> durable = new CompletableFuture<>();
        CachedBrick attached = host.call(() -> cache.attach(
                new BrickRecord(
                        cache.freeBrickId(),
                        now.name(),
                        now.uuid(),
                        now.device().toString(),
                        now.identity(),
                        now.sizeBytes()),
                disk,
                durable::complete));
        check(LoopHost.finish(durable), brick);
        brick.loaded(attached);
    }

    private void check(IoStatus status, LoadedBrick brick) throws IOException {
        if (!status.isOk()) {
            throw new IOException(
                    "brick " + brick.record().name() + " could not be brought up to date in the metadata of "
                            + loaded.known().name());
        }
    }

    /** Read now: while the cache was being loaded the brick may have been written without it. */
    private LedgerRecord ledger(LoadedBrick brick) {
        return context.ledger().read(brick.record().uuid());
    }
}
