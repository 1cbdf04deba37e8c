package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.NodeAdministration.GivenUp;
import io.brickcache.admin.Reason;
import io.brickcache.app.KnownCache.Origin;
import io.brickcache.block.BlockDevice;
import io.brickcache.cache.data.SsdLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Deletes one cache that has no bricks, or that is away and is given up with its bricks. A data area that was given is not
 * deleted, but it is no data area any more. Called by whoever has the cache's turn.
 */
final class CacheDeletion {

    private final NodeContext context;
    private final Catalog catalog;
    private final CacheEntry entry;

    CacheDeletion(NodeContext context, Catalog catalog, CacheEntry entry) {
        this.context = context;
        this.catalog = catalog;
        this.entry = entry;
    }

    /** Detaches all bricks of a cache that is away. Refused while that gives up dirty data that may not be given up. */
    void giveUpBricks(GivenUp dirtyData, Consumer<BrickEntry> detach) {
        if (entry.status().state() != CacheView.State.UNAVAILABLE) {
            return;
        }
        List<BrickEntry> bricks = catalog.bricksOf(entry);
        List<BrickEntry> dirty =
                bricks.stream().filter(brick -> !record(brick).isDiskWhole()).toList();
        if (!dirty.isEmpty() && dirtyData == GivenUp.NOTHING) {
            throw wouldGiveUp(dirty);
        }
        Instant now = Instant.ofEpochMilli(context.clock().epochMillis());
        for (BrickEntry brick : bricks) {
            try {
                context.ledger().update(brick.known().uuid(), record -> record.madeVoid(now));
            } catch (IOException e) {
                throw Failures.of("the record of brick " + brick.name() + " cannot be written", e);
            }
            detach.accept(brick);
        }
    }

    private LedgerRecord record(BrickEntry brick) {
        return context.ledger().read(brick.known().uuid());
    }

    private AdminException wouldGiveUp(List<BrickEntry> dirty) {
        long bytes = dirty.stream()
                .mapToLong(brick -> Math.max(0, record(brick).dirtyBytes()))
                .sum();
        boolean unknown = dirty.stream().anyMatch(brick -> record(brick).dirtyBytes() < 0);
        String amount = unknown ? "an unknown number of" : Long.toString(bytes);
        return new AdminException(
                Reason.BRICK_DIRTY,
                "only cache " + entry.name() + " has " + amount + " bytes of "
                        + String.join(", ", dirty.stream().map(BrickEntry::name).toList()),
                "to give them up for good: brickcache cache delete " + entry.name() + " --force --give-up-dirty",
                Map.of("cache", entry.name(), "dirty_bytes", unknown ? "unknown" : Long.toString(bytes)));
    }

    /** Deletes it. After a failure it is not available, and may be deleted again. */
    void delete() {
        CacheEntry.Status before = catalog.beginDeletion(entry);
        RunningCache running = before.running();
        LoopHost host = entry.host();
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
        if (host != null) {
            host.close();
        }
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
