package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.block.SwitchableDevice;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.demotion.Demoter;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cache that runs: its loop, metadata, SSD, engine and demotion.
 *
 * @param ssd the data area
 * @param cache on the loop of {@code host} only
 * @param demoter on the loop of {@code host} only
 */
record RunningCache(String name, LoopHost host, MetadataStore store, BlockDevice ssd, Cache cache, Demoter demoter) {

    private static final Logger LOG = LoggerFactory.getLogger(RunningCache.class);

    private static final int COMMIT_TRIES = 3;

    /**
     * Ends everything in order. The bricks have no clients any more. What is dirty stays on the SSD; what was answered is
     * durable when this returns, or a warning says that it may not be.
     */
    void stop() {
        stop(open -> {});
    }

    /** As {@link #stop()}, with something done to the data area before it is closed. */
    void stop(Consumer<BlockDevice> last) {
        stopDemotion();
        commitForTheLastTime();
        try {
            last.accept(ssd);
        } finally {
            close();
        }
    }

    /** As {@link #stop()}, and records how the disks are left, so that a start notices if they have changed. */
    void stopAndSeal() {
        stopDemotion();
        if (commitForTheLastTime()) {
            List<CachedBrick> bricks = host.call(cache::bricks);
            bricks.forEach(this::seal);
        }
        close();
    }

    private void seal(CachedBrick brick) {
        BlockDevice disk = brick.disk();
        boolean isThere = disk instanceof SwitchableDevice seat && !(host.call(seat::target) instanceof MissingDisk);
        if (isThere) {
            long dirtyBytes = host.call(brick::dirtyBytes);
            host.ledger()
                    .seal(
                            brick.record().uuid(),
                            dirtyBytes,
                            DiskFingerprint.of(host, disk, brick.record().sizeBytes()));
        }
    }

    private void stopDemotion() {
        host.await(done -> demoter.stop(() -> done.accept(IoStatus.OK)));
    }

    private boolean commitForTheLastTime() {
        for (int i = 0; i < COMMIT_TRIES; i++) {
            if (host.await(cache::stop).isOk()) {
                return true;
            }
        }
        LOG.error(
                "Cache {}: the last commit failed; what was written and not flushed since the one before is lost",
                name);
        return false;
    }

    /** Gives everything back without a last commit, as for a cache that is to be deleted; the loop stays. */
    void close() {
        // The store first: it may be writing its log to the SSD.
        store.close();
        host.call(() -> {
            cache.bricks().forEach(brick -> brick.disk().close());
            ssd.close();
            return true;
        });
    }
}
