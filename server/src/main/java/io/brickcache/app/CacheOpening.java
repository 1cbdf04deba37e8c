package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.Reason;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenedDevice;
import io.brickcache.block.nativeio.DeviceException;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CacheMetadata;
import io.brickcache.cache.CacheOptions;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.demotion.Demoter;
import io.brickcache.demotion.DemotionOptions;
import io.brickcache.meta.SparedMetadataStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens one cache that exists: metadata, data area, disks, index. Blocks; used once. */
final class CacheOpening {

    private static final Logger LOG = LoggerFactory.getLogger(CacheOpening.class);

    /** What the index and the policy take of the heap, at most. */
    private static final long INDEX_BYTES_PER_SLOT = 32;

    private final NodeContext context;
    private final KnownCache known;
    private final Map<Integer, String> missing = new HashMap<>();

    CacheOpening(NodeContext context, KnownCache known) {
        this.context = context;
        this.known = known;
    }

    /** Why the disk of a brick is not there, by the number of the brick. */
    Map<Integer, String> missing() {
        return missing;
    }

    /** Opens the cache from what is on its SSD. After a failure nothing is open. */
    RunningCache open() throws MetadataException, IOException {
        try (Rollback rollback = new Rollback()) {
            LoopHost host = context.startLoop(known.name());
            rollback.add(host::close);
            MetadataStore store = SparedMetadataStore.openExisting(
                    known.metadataDirectory(),
                    context.spareJournal(known.uuid()),
                    known.uuid(),
                    context.metaOptions(),
                    host.loop());
            rollback.add(store::close);
            CacheMetadata metadata = CacheMetadata.read(store);
            checkIdentity(metadata.cache());
            checkHeap(known.name(), metadata.cache().slots());
            BlockDevice ssd = context.device(context.open(known.dataPath()), host);
            rollback.add(() -> host.close(ssd));
            checkSuperblock(host, ssd, metadata.cache());
            RunningCache running = run(host, store, ssd, metadata);
            rollback.keep();
            return running;
        }
    }

    /** Refuses a cache whose index would not fit the heap: running out of memory would end the service. */
    static void checkHeap(String name, long slots) {
        Runtime runtime = Runtime.getRuntime();
        long freeBytes = runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory());
        long indexBytes = slots * INDEX_BYTES_PER_SLOT;
        if (indexBytes > freeBytes) {
            throw new AdminException(
                    Reason.NO_SPACE,
                    "the index of cache " + name + " takes up to " + indexBytes + " bytes of memory, the service has "
                            + freeBytes + " left",
                    "give the service a larger heap (-Xmx), or use larger blocks",
                    Map.of("cache", name));
        }
    }

    /** Runs the cache whose parts are open; they stay the caller's if this fails. */
    RunningCache run(LoopHost host, MetadataStore store, BlockDevice ssd, CacheMetadata metadata)
            throws MetadataException {
        long startNs = context.clock().nanoTime();
        CacheOptions options = context.config().cache();
        try (Rollback rollback = new Rollback()) {
            Cache cache = Cache.load(metadata, store, host.loop(), ssd, options, brick -> {
                BlockDevice disk = disk(brick, host);
                rollback.add(() -> host.close(disk));
                return disk;
            });
            IoStatus status = host.await(cache::start);
            if (!status.isOk()) {
                host.await(cache::stop);
                throw new MetadataException(
                        Kind.IO, "the first commit of cache " + known.name() + " failed; see the log for its cause");
            }
            Demoter demoter = new Demoter(cache, DemotionOptions.of(options));
            host.call(() -> {
                demoter.start();
                return true;
            });
            rollback.keep();
            LOG.info(
                    "Cache {}: {} slots of {} bytes on {}, {} dirty, generation {}, {}; loaded in {} ms",
                    known.name(),
                    cache.slots(),
                    metadata.cache().blockBytes(),
                    ssd.name(),
                    host.call(cache::dirtySlots),
                    metadata.cache().generation() + 1,
                    metadata.cache().clean() ? "closed in order" : "not closed in order, state of the last commit",
                    (context.clock().nanoTime() - startNs) / 1_000_000);
            return new RunningCache(known.name(), host, store, ssd, cache, demoter);
        }
    }

    private void checkIdentity(CacheRecord found) throws MetadataException {
        if (!found.uuid().equals(known.uuid())) {
            throw new MetadataException(
                    Kind.MISMATCH,
                    known.metadataDirectory() + " holds the metadata of cache " + found.uuid() + ", not of "
                            + known.uuid() + "; is the right SSD mounted?");
        }
    }

    private void checkSuperblock(LoopHost host, BlockDevice ssd, CacheRecord record) throws MetadataException {
        SsdLayout layout = new SsdLayout(record.uuid(), new BlockShape(record.blockBytes()), record.slots());
        if (ssd.geometry().sizeBytes() < layout.areaBytes()) {
            throw new MetadataException(
                    Kind.MISMATCH,
                    ssd.name() + " has " + ssd.geometry().sizeBytes() + " bytes, the data area has "
                            + layout.areaBytes() + "; was it cut short?");
        }
        layout.check(new DeviceStart(host, ssd).read(SsdLayout.SUPERBLOCK_BYTES), ssd.name());
    }

    /** The disk of a brick, or what stands in for it. */
    private BlockDevice disk(BrickRecord brick, LoopHost host) {
        try {
            OpenedDevice opened = context.open(Path.of(brick.device()));
            if (!opened.identity().equals(brick.identity())) {
                opened.close();
                return missing(brick, changed(brick, opened));
            }
            BlockDevice disk = context.device(opened, host);
            LOG.info("Brick {}: {} on {}, {} bytes", brick.name(), known.name(), opened, brick.sizeBytes());
            return disk;
        } catch (DeviceException e) {
            return missing(brick, e.problem() + "; " + e.remedy());
        } catch (IOException e) {
            return missing(brick, Failures.message(e));
        }
    }

    private static String changed(BrickRecord brick, OpenedDevice found) {
        long size = found.geometry().sizeBytes();
        if (size != brick.sizeBytes()) {
            return brick.device() + " has " + size + " bytes, it had " + brick.sizeBytes()
                    + " when it was attached; give it that size again and restart the service";
        }
        return brick.device() + " is another device (" + found.identity() + ") than the one that was attached ("
                + brick.identity() + "); put that one back and restart the service";
    }

    private BlockDevice missing(BrickRecord brick, String reason) {
        LOG.error("Brick {}: not served: {}", brick.name(), reason);
        missing.put(brick.id(), reason);
        return new MissingDisk(brick.device(), brick.sizeBytes());
    }
}
