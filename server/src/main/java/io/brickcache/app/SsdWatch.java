package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.Reason;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.OpenedDevice;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.MetadataException;
import java.io.IOException;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that the SSD of a cache that runs was pulled and plugged in again: what the cache holds open does not answer any
 * more, and its path leads to another device with the same superblock. Confined to one thread, which never waits for the
 * device that may hang.
 */
final class SsdWatch {

    private static final Logger LOG = LoggerFactory.getLogger(SsdWatch.class);

    private final NodeContext context;
    /** The question whether the open data area is there, until it is answered. */
    private final Map<RunningCache, CompletableFuture<Boolean>> asked = new WeakHashMap<>();

    SsdWatch(NodeContext context) {
        this.context = context;
    }

    /** True if the cache should be opened again. */
    boolean isReplaced(CacheEntry cache, RunningCache running) {
        CompletableFuture<Boolean> last = asked.get(running);
        if (last != null && !last.isDone()) {
            return false;
        }
        boolean fails = last != null && !last.join();
        asked.put(
                running,
                CompletableFuture.supplyAsync(() -> isThere(cache.known(), running), SsdWatch::onThreadOfItsOwn));
        return fails && isThereAnother(cache.known(), running.host());
    }

    /** It is not if it cannot be read, nor if what is read is not this cache's. */
    private static boolean isThere(KnownCache known, RunningCache running) {
        try {
            check(known, running.host(), running.ssd());
            return true;
        } catch (AdminException e) {
            return e.reason() != Reason.IO_FAILURE;
        } catch (MetadataException e) {
            return false;
        }
    }

    private static void check(KnownCache known, LoopHost host, BlockDevice device) throws MetadataException {
        new SsdLayout(known.uuid(), new BlockShape(known.blockBytes()), known.slots())
                .check(new DeviceStart(host, device).read(SsdLayout.SUPERBLOCK_BYTES), device.name());
    }

    /** Whoever holds the device open now keeps it from being opened again: what can be opened is another one. */
    private boolean isThereAnother(KnownCache known, LoopHost host) {
        try {
            OpenedDevice opened = context.open(known.dataPath());
            BlockDevice device = context.device(opened, host);
            try {
                check(known, host, device);
                return true;
            } finally {
                host.close(device);
            }
        } catch (IOException | MetadataException | AdminException e) {
            LOG.debug("Cache {}: its SSD fails and is not back: {}", known.name(), Failures.message(e));
            return false;
        }
    }

    private static void onThreadOfItsOwn(Runnable task) {
        Thread thread = new Thread(task, "ssd-watch");
        thread.setDaemon(true);
        thread.start();
    }
}
