package io.brickcache.simulate;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CacheMetadata;
import io.brickcache.cache.CacheOptions;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.demotion.Demoter;
import io.brickcache.demotion.DemotionOptions;
import io.brickcache.demotion.FlushProgress;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.util.List;

/** The engine with one brick, as a node has it, on devices that cost and do not store. */
final class SimulatedNode {

    /** A commit of metadata takes up to a millisecond, beyond the sync of the SSD. */
    private static final long MAX_COMMIT_NS = 1_000_000;

    final SimulatedDisk disk;
    final SimulatedSsd ssd;
    final MeteredStore store;
    final Cache cache;
    final CachedBrick brick;

    private final SimLoop loop;
    private final Demoter demoter;
    private boolean done;

    /** Builds it all; {@link #start} makes it serve. */
    SimulatedNode(SimLoop loop, SeededEntropy entropy, DiskModel model, int blockBytes, int slots, long brickBytes) {
        this.loop = loop;
        CacheRecord cacheRecord = new CacheRecord(entropy.nextUuid(), blockBytes, slots, 0, true);
        BrickRecord brickRecord =
                new BrickRecord(0, "brick", entropy.nextUuid(), model.name(), model.name(), brickBytes);
        disk = new SimulatedDisk(loop, model, brickBytes);
        ssd = new SimulatedSsd(loop, new SsdLayout(cacheRecord.uuid(), new BlockShape(blockBytes), slots));
        MemoryMetadataStore metadata = new MemoryMetadataStore(loop, entropy.split("metadata"), MAX_COMMIT_NS);
        metadata.format(cacheRecord, List.of(brickRecord));
        store = new MeteredStore(metadata);
        try {
            cache = Cache.load(CacheMetadata.read(store), store, loop, ssd, CacheOptions.DEFAULTS, record -> disk);
        } catch (MetadataException e) {
            throw new IllegalStateException("the metadata of a new cache cannot be read", e);
        }
        brick = cache.bricks().get(0);
        demoter = new Demoter(cache, DemotionOptions.of(CacheOptions.DEFAULTS));
    }

    void start() {
        cache.start(this::ended);
        runToEnd("the start");
        demoter.start();
    }

    /** Writes everything that is dirty to the disk. */
    void flush() {
        demoter.flush(brick, new FlushProgress() {
            @Override
            public boolean progress(long doneBlocks, long totalBlocks) {
                return true;
            }

            @Override
            public void finished(IoStatus status) {
                ended(status);
            }
        });
        runToEnd("the flush at the end");
    }

    private void ended(IoStatus status) {
        if (!status.isOk()) {
            throw new IllegalStateException("a simulated cache ends with " + status);
        }
        done = true;
    }

    private void runToEnd(String what) {
        if (!loop.runUntil(() -> done)) {
            throw new IllegalStateException(what + " of a simulated cache never ends");
        }
        done = false;
    }
}
