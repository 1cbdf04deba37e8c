package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.app.KnownCache.Origin;
import io.brickcache.block.BlockDevice;
import io.brickcache.cache.data.SsdLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;

/** Deletes one cache that has no bricks. A data area that was given is not deleted, but it is no data area any more. */
final class CacheDeletion {

    private final NodeContext context;
    private final Catalog catalog;
    private final CacheEntry entry;

    CacheDeletion(NodeContext context, Catalog catalog, CacheEntry entry) {
        this.context = context;
        this.catalog = catalog;
        this.entry = entry;
    }

    /** Deletes it. After a failure it is not available, and may be deleted again. */
    void delete() {
        CacheEntry.Status before = catalog.beginDeletion(entry);
        RunningCache running = before.running();
        if (running != null) {
            checkEmpty(running, before);
        }
        try {
            if (running != null) {
                running.stop(ssd -> forget(running.host(), ssd));
            }
            CacheFiles.delete(entry.known());
            Files.deleteIfExists(context.spareJournal(entry.known().uuid()));
        } catch (IOException e) {
            entry.become(CacheEntry.unavailable("it could not be deleted whole: " + Failures.message(e)));
            throw Failures.of("cache " + entry.name() + " could not be deleted whole", e);
        }
        catalog.removed(entry);
    }

    /** Bricks that no name leads to keep a cache from being deleted, too. */
    private void checkEmpty(RunningCache running, CacheEntry.Status before) {
        int bricks = running.host().call(() -> running.cache().bricks().size());
        if (bricks > 0) {
            catalog.keep(entry, before);
            throw AdminException.cacheHasBricks(entry.name(), bricks);
        }
    }

    private void forget(LoopHost host, BlockDevice ssd) {
        if (entry.known().origin() == Origin.GIVEN) {
            new DeviceStart(host, ssd).write(ByteBuffer.allocate(SsdLayout.SUPERBLOCK_BYTES));
        }
    }
}
