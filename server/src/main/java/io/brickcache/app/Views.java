package io.brickcache.app;

import io.brickcache.admin.BrickView;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.LostView;
import io.brickcache.admin.NodeView;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoOptions;
import io.brickcache.cache.BrickCounters;
import io.brickcache.cache.CacheStats;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.LostBlocks;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.LostRange;
import io.brickcache.env.ListenAddress;
import io.brickcache.nbd.NbdServer;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The node as its administration sees it; numbers of one cache or brick are of one moment of its loop. Thread-safe. */
final class Views {

    private static final long TICK_MS = 100;

    private final NodeContext context;
    private final Catalog catalog;
    private final NbdServer nbd;
    private final Lifecycle lifecycle;
    private final Instant startTime;
    private final long startNs;
    private volatile List<ListenAddress> addresses = List.of();

    Views(NodeContext context, Catalog catalog, NbdServer nbd, Lifecycle lifecycle) {
        this.context = context;
        this.catalog = catalog;
        this.nbd = nbd;
        this.lifecycle = lifecycle;
        this.startTime = Instant.ofEpochMilli(context.clock().epochMillis());
        this.startNs = context.clock().nanoTime();
    }

    /** NBD is served at these addresses from now on. */
    void listening(List<ListenAddress> bound) {
        addresses = List.copyOf(bound);
    }

    NodeView node() {
        String version = Views.class.getPackage().getImplementationVersion();
        return new NodeView(
                version == null ? "(not packaged)" : version,
                startTime,
                Duration.ofNanos(context.clock().nanoTime() - startNs),
                context.engine().engine() == IoOptions.Engine.IO_URING
                        ? NodeView.IoEngine.IO_URING
                        : NodeView.IoEngine.POOLED,
                lifecycle.state(),
                lifecycle.reason());
    }

    CacheView cache(CacheEntry entry) {
        CacheEntry.Status status = entry.status();
        KnownCache known = entry.known();
        RunningCache running = status.running();
        CacheNumbers numbers =
                running == null ? CacheNumbers.unknown(known) : running.host().ask(() -> numbers(running));
        return new CacheView(
                known.name(),
                known.uuid(),
                known.directory(),
                known.dataPath(),
                new SsdLayout(known.uuid(), new BlockShape(known.blockBytes()), known.slots()).areaBytes(),
                known.blockBytes(),
                CacheMemory.of(known.slots(), context.config().cache()).totalBytes(),
                numbers.slots(),
                numbers.isFailing() ? CacheView.State.PASS_THROUGH : status.state(),
                numbers.isFailing() ? numbers.failing() : status.reason(),
                catalog.bricksOf(entry).stream().map(BrickEntry::name).toList(),
                numbers.counters(),
                numbers.lastScrub());
    }

    /** {@code failing} says why the cache takes nothing new; empty while it does. */
    private record CacheNumbers(
            CacheView.Slots slots,
            CacheView.Counters counters,
            @Nullable Instant lastScrub,
            String failing) {
        static CacheNumbers unknown(KnownCache known) {
            return new CacheNumbers(new CacheView.Slots(known.slots(), 0, 0, 0), CacheView.Counters.NONE, null, "");
        }

        boolean isFailing() {
            return !failing.isEmpty();
        }
    }

    private static CacheNumbers numbers(RunningCache running) {
        CacheStats stats = running.cache().stats();
        long readErrors = 0;
        long writeErrors = 0;
        long mismatches = 0;
        for (CachedBrick brick : running.cache().bricks()) {
            readErrors += brick.counters().ssdReadErrors;
            writeErrors += brick.counters().ssdWriteErrors;
            mismatches += brick.counters().checksumErrors;
        }
        return new CacheNumbers(
                new CacheView.Slots(
                        stats.slots(),
                        Math.max(0, stats.mappedSlots() - stats.dirtySlots()),
                        stats.dirtySlots(),
                        stats.freeSlots()),
                new CacheView.Counters(stats.commits(), stats.failedCommits(), readErrors, writeErrors, mismatches),
                lastScrub(running),
                running.cache().healthReason());
    }

    private static @Nullable Instant lastScrub(RunningCache running) {
        long ms = running.cache().scrubber().lastMs();
        return ms < 0 ? null : Instant.ofEpochMilli(ms);
    }

    /** What a brick has lost; nothing is known of one whose cache does not run. */
    LostView lost(BrickEntry entry) {
        OpenBrick open = entry.status().open();
        RunningCache running = entry.cache().running();
        if (open == null) {
            return new LostView(List.of(), false);
        }
        return running.host().ask(() -> {
            LostBlocks lost = open.cached().lost();
            return new LostView(
                    lost.from(0, Integer.MAX_VALUE).stream().map(Views::lost).toList(), lost.isFull());
        });
    }

    private static LostView.Range lost(LostRange range) {
        return new LostView.Range(
                range.offset(),
                range.length(),
                Instant.ofEpochMilli(range.sinceMs()),
                switch (range.cause()) {
                    case READ_ERROR -> LostView.Cause.READ_ERROR;
                    case CHECKSUM -> LostView.Cause.CHECKSUM;
                    case SSD_GONE -> LostView.Cause.SSD_GONE;
                    case WRITE_ERROR -> LostView.Cause.WRITE_ERROR;
                },
                switch (range.state()) {
                    case UNREADABLE -> LostView.State.UNREADABLE;
                    case GONE -> LostView.State.GONE;
                });
    }

    BrickView brick(BrickEntry entry) {
        BrickEntry.Status status = entry.status();
        OpenBrick open = status.open();
        RunningCache running = entry.cache().status().running();
        BrickNumbers numbers = open == null || running == null
                ? BrickNumbers.recorded(context.ledger().read(entry.known().uuid()))
                : running.host().ask(() -> numbers(running, open));
        KnownBrick known = entry.known();
        boolean serves = status.state() == BrickView.State.SERVING;
        return new BrickView(
                known.name(),
                known.uuid(),
                entry.cache().name(),
                known.device(),
                known.sizeBytes(),
                numbers.diskBytes(),
                numbers.isPassThrough() && serves ? BrickView.State.PASS_THROUGH : status.state(),
                serves ? numbers.failing() : status.reason(),
                BrickView.Mode.WRITE_BACK,
                numbers.dirtyBytes(),
                numbers.cachedBytes(),
                numbers.oldestDirtyAge(),
                nbd.connections().countByExport().getOrDefault(known.name(), 0),
                entry.front() != null ? uris(known.name()) : List.of(),
                numbers.counters(),
                numbers.lost());
    }

    private record BrickNumbers(
            long dirtyBytes,
            long cachedBytes,
            @Nullable Duration oldestDirtyAge,
            io.brickcache.admin.BrickCounters counters,
            BrickView.Lost lost,
            long diskBytes,
            String failing) {
        /** As far as is known without the cache. */
        static BrickNumbers recorded(LedgerRecord record) {
            long dirtyBytes = record.isDiskWhole() ? 0 : Math.max(0, record.dirtyBytes());
            return new BrickNumbers(
                    dirtyBytes, 0, null, io.brickcache.admin.BrickCounters.NONE, BrickView.Lost.NOTHING, 0, "");
        }

        /** The cache fails, and nothing of the brick is on it alone. */
        boolean isPassThrough() {
            return !failing.isEmpty() && dirtyBytes == 0;
        }
    }

    private static BrickNumbers numbers(RunningCache running, OpenBrick open) {
        CachedBrick brick = open.cached();
        int tick = running.cache().tick();
        Duration age = brick.regions().dirtyBlocks() == 0
                ? null
                : Duration.ofMillis(TICK_MS * (tick - brick.regions().oldest(tick)));
        return new BrickNumbers(
                brick.dirtyBytes(),
                brick.cachedBytes(),
                age,
                counters(brick.counters()),
                new BrickView.Lost(brick.lost().blocks(), brick.lost().bytes()),
                diskBytes(open.disk()),
                running.cache().healthReason());
    }

    /** 0 if it does not say. */
    private static long diskBytes(BlockDevice disk) {
        try {
            return disk.presentBytes();
        } catch (UncheckedIOException e) {
            return 0;
        }
    }

    private static io.brickcache.admin.BrickCounters counters(BrickCounters from) {
        Map<io.brickcache.admin.BrickCounters.WriteAround, Long> around =
                new EnumMap<>(io.brickcache.admin.BrickCounters.WriteAround.class);
        around.put(io.brickcache.admin.BrickCounters.WriteAround.NO_FREE_SLOT, from.aroundFullBytes);
        around.put(io.brickcache.admin.BrickCounters.WriteAround.SEQUENTIAL, from.aroundStreamBytes);
        around.put(io.brickcache.admin.BrickCounters.WriteAround.CACHE_FAILING, from.aroundSsdErrorBytes);
        around.put(io.brickcache.admin.BrickCounters.WriteAround.UNALIGNED, from.aroundUnalignedBytes);
        around.put(io.brickcache.admin.BrickCounters.WriteAround.DISK_UNSYNCED, from.aroundUnsyncedBytes);
        around.put(io.brickcache.admin.BrickCounters.WriteAround.NO_GAIN, from.aroundNoGainBytes);
        return new io.brickcache.admin.BrickCounters(
                new io.brickcache.admin.BrickCounters.Requests(
                        from.reads, from.writes, from.flushes, from.trims, from.readBytes, from.writtenBytes),
                new io.brickcache.admin.BrickCounters.CacheUse(
                        from.readHitBlocks, from.readMissBlocks, from.streamReadBlocks, from.cachedWriteBytes),
                around,
                new io.brickcache.admin.BrickCounters.Moves(
                        from.promotedBlocks,
                        from.readAroundBlocks,
                        from.evictedBlocks,
                        from.demotedBlocks,
                        from.demotionWrites),
                new io.brickcache.admin.BrickCounters.Errors(
                        from.diskReadErrors, from.diskWriteErrors, from.ssdReadErrors, from.ssdWriteErrors));
    }

    private List<String> uris(String brick) {
        List<String> uris = new ArrayList<>();
        for (ListenAddress address : addresses) {
            uris.add(NbdUri.of(address, nbd.isSecured(address), brick));
        }
        return uris;
    }
}
