package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.OpenedDevice;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CacheMetadata;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.meta.CommitLog;
import io.brickcache.meta.MetadataStores;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens one cache that exists as far as that changes nothing: metadata, data area, disks, index. {@link CacheStart} takes it
 * from there. Blocks; used once.
 */
final class CacheOpening {

    private static final Logger LOG = LoggerFactory.getLogger(CacheOpening.class);

    /** No disk is larger: 1 PiB. */
    static final long MAX_BRICK_BYTES = 1L << 50;

    private final NodeContext context;
    private final KnownCache known;
    private final LoopHost host;
    private final Function<UUID, @Nullable BrickEntry> entries;
    private final List<LoadedBrick> bricks = new ArrayList<>();
    private final Rollback rollback = new Rollback();

    /** {@code entries} finds what is known of a brick beside the metadata of its cache. */
    CacheOpening(NodeContext context, KnownCache known, LoopHost host, Function<UUID, @Nullable BrickEntry> entries) {
        this.context = context;
        this.known = known;
        this.host = host;
        this.entries = entries;
    }

    /** Opens the cache from what is on its SSD. After a failure nothing is open. */
    LoadedCache load() throws MetadataException, IOException {
        try {
            long startNs = context.clock().nanoTime();
            BlockDevice ssd = context.device(context.open(known.dataPath()), host);
            rollback.add(() -> host.close(ssd));
            checkSuperblock(ssd);
            MetadataStore store = MetadataStores.openExisting(
                    known.metadataDirectory(),
                    commitLog(ssd),
                    context.spareJournal(known.uuid()),
                    known.uuid(),
                    context.metaOptions(),
                    host.loop());
            rollback.add(store::close);
            CacheMetadata metadata = CacheMetadata.read(store);
            checkRecord(metadata.cache());
            Cache cache = load(store, ssd, metadata);
            LOG.info(
                    "Cache {}: {} slots of {} bytes on {}, generation {}, {}; loaded in {} ms",
                    known.name(),
                    cache.slots(),
                    metadata.cache().blockBytes(),
                    ssd.name(),
                    metadata.cache().generation() + 1,
                    metadata.cache().clean() ? "closed in order" : "not closed in order, state of the last commit",
                    (context.clock().nanoTime() - startNs) / 1_000_000);
            return new LoadedCache(known, host, store, ssd, cache, metadata.cache(), bricks, rollback);
        } catch (MetadataException | IOException | AdminException | Error e) {
            rollback.close();
            throw e;
        } catch (RuntimeException e) {
            rollback.close();
            // A record with a right checksum that says what cannot be.
            throw new MetadataException(
                    Kind.CORRUPT, "the metadata of cache " + known.name() + " contradicts itself: " + e, e);
        }
    }

    private Cache load(MetadataStore store, BlockDevice ssd, CacheMetadata metadata) throws MetadataException {
        for (BrickRecord brick : metadata.bricks()) {
            checkSize(brick);
        }
        Cache cache =
                Cache.load(metadata, store, host.loop(), ssd, context.config().cache(), this::disk);
        cache.tell(host.ledger());
        for (CachedBrick brick : cache.bricks()) {
            bricks.stream().filter(b -> b.record().id() == brick.id()).forEach(b -> b.loaded(brick));
        }
        return cache;
    }

    private static void checkSize(BrickRecord brick) throws MetadataException {
        long size = brick.sizeBytes();
        if (size <= 0 || size > MAX_BRICK_BYTES || size % 512 != 0) {
            throw new MetadataException(
                    Kind.CORRUPT, "the record of brick " + brick.name() + " says that it has " + size + " bytes");
        }
    }

    private void checkRecord(CacheRecord found) throws MetadataException {
        if (!found.uuid().equals(known.uuid())) {
            throw new MetadataException(
                    Kind.MISMATCH,
                    known.metadataDirectory() + " holds the metadata of cache " + found.uuid() + ", not of "
                            + known.uuid() + "; is the right SSD mounted?");
        }
        if (found.blockBytes() != known.blockBytes() || found.slots() != known.slots()) {
            throw new MetadataException(
                    Kind.CORRUPT,
                    known.metadataDirectory() + " says that the cache has " + found.slots() + " slots of "
                            + found.blockBytes() + " bytes; it was made with " + known.slots() + " of "
                            + known.blockBytes());
        }
        CacheMemory.of(found.slots(), context.config().cache()).checkHeap(known.name());
    }

    private CommitLog commitLog(BlockDevice ssd) {
        ByteBuffer content = new DeviceStart(host, ssd).read(SsdLayout.LOG_OFFSET, SsdLayout.LOG_BYTES);
        return new CommitLog(ssd, SsdLayout.LOG_OFFSET, content, known.uuid());
    }

    private void checkSuperblock(BlockDevice ssd) throws MetadataException {
        SsdLayout layout = new SsdLayout(known.uuid(), new BlockShape(known.blockBytes()), known.slots());
        if (ssd.geometry().sizeBytes() < layout.areaBytes()) {
            throw new MetadataException(
                    Kind.MISMATCH,
                    ssd.name() + " has " + ssd.geometry().sizeBytes() + " bytes, the data area has "
                            + layout.areaBytes() + "; was it cut short?");
        }
        layout.check(new DeviceStart(host, ssd).read(SsdLayout.SUPERBLOCK_BYTES), ssd.name());
    }

    /** The disk of a brick, or what stands in for it. */
    private BlockDevice disk(BrickRecord record) {
        LoadedBrick brick = new LoadedBrick(record, context.ledger().read(record.uuid()));
        bricks.add(brick);
        BrickEntry entry = entries.apply(record.uuid());
        PassThrough direct = entry == null ? null : entry.status().direct();
        KnownBrick expected = expected(record, brick.ledger(), entry);
        brick.expect(expected);
        if (brick.ledger().detached()) {
            // Maybe it serves another cache by now.
            brick.miss("it was detached while its cache was away");
        } else if (direct != null) {
            // Was open before, and stays so if the cache cannot be opened: no business of the rollback.
            brick.take(direct.disk());
        } else {
            open(brick, expected);
        }
        return brick.disk();
    }

    /**
     * What the brick is: as its cache has recorded, unless the state directory knows better. That is written first when a
     * brick grows and when an operator keeps another disk; it is behind when it was put back from a copy.
     */
    private static KnownBrick expected(BrickRecord record, LedgerRecord ledger, @Nullable BrickEntry entry) {
        KnownBrick recorded = KnownBrick.of(record);
        if (entry == null) {
            return recorded;
        }
        KnownBrick known = entry.known();
        boolean isBehind = !ledger.isVoid()
                && OpenedDevice.isSame(known.identity(), recorded.identity())
                && known.sizeBytes() < recorded.sizeBytes();
        return isBehind ? recorded : known;
    }

    private void open(LoadedBrick brick, KnownBrick expected) {
        try {
            OpenedDevice opened = context.open(Path.of(brick.record().device()));
            if (!BrickDisks.isSame(expected, opened)) {
                String changed = BrickDisks.changed(expected, opened);
                opened.close();
                brick.fence(changed);
                return;
            }
            BlockDevice disk = context.device(opened, host);
            rollback.add(() -> host.close(disk));
            brick.take(disk);
            BrickDisks.noteSize(expected, opened);
            LOG.info("Brick {}: {} on {}, {} bytes", expected.name(), known.name(), opened, expected.sizeBytes());
        } catch (IOException e) {
            brick.miss(BrickDisks.away(expected, e));
        }
    }
}
