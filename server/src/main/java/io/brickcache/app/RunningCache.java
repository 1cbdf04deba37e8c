package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.demotion.Demoter;
import io.brickcache.nbd.handshake.Export;
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

    /** What clients get to see of a brick. */
    Export export(CachedBrick brick) {
        return new Export(
                brick.name(),
                brick.record().device() + " behind cache " + name,
                brick,
                host.buffers(),
                host.loop().eventLoop());
    }

    /**
     * Ends everything in order. The bricks have no clients any more. What is dirty stays on the SSD; what was answered is
     * durable when this returns, or a warning says that it may not be.
     */
    void stop() {
        stop(open -> {});
    }

    /** As {@link #stop()}, with something done to the data area before it is closed. */
    void stop(Consumer<BlockDevice> last) {
        host.await(done -> demoter.stop(() -> done.accept(IoStatus.OK)));
        commitForTheLastTime();
        try {
            last.accept(ssd);
        } finally {
            close();
        }
    }

    private void commitForTheLastTime() {
        for (int i = 0; i < COMMIT_TRIES; i++) {
            if (host.await(cache::stop).isOk()) {
                return;
            }
        }
        LOG.error(
                "Cache {}: the last commit failed; what was written and not flushed since the one before is lost",
                name);
    }

    /** Gives everything back without a last commit, as for a cache that is to be deleted. */
    void close() {
        host.call(() -> {
            cache.bricks().forEach(brick -> brick.disk().close());
            ssd.close();
            return true;
        });
        store.close();
        host.close();
    }
}
