package io.brickcache.demotion;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.Pattern;
import io.brickcache.block.sim.Fault;
import io.brickcache.block.sim.Faults;
import io.brickcache.block.sim.LatencyModel;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.block.sim.SimDeviceOptions;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CacheMetadata;
import io.brickcache.cache.CacheOptions;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.DirtyRegions;
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A cache with one brick, in virtual time; keeps a record of what is asked of the disk. */
final class DemotionRig {

    static final int SLOTS = 400;
    static final int BLOCK_BYTES = 64 << 10;
    static final int REGIONS = 40;
    static final int REGION_BLOCKS = DirtyRegions.REGION_BYTES / BLOCK_BYTES;
    static final long SECOND_NS = 1_000_000_000L;

    /** One write that reached the disk. */
    record DiskWrite(long atNs, int region) {}

    final SimLoop loop;
    final Cache cache;
    final CachedBrick brick;
    final Demoter demoter;
    final List<DiskWrite> diskWrites = new ArrayList<>();
    private final MemoryMetadataStore store;
    private final BufferPool memory = new BufferPool(4 << 20);
    private final Medium disk = new Medium((long) REGIONS * DirtyRegions.REGION_BYTES, 512);
    private Fault diskWriteFault = Fault.NONE;
    private @Nullable Runnable onDiskWrite;

    private DemotionRig(DemotionOptions options, long commitIntervalNs, LatencyModel diskLatency)
            throws MetadataException {
        SeededEntropy entropy = new SeededEntropy(17);
        loop = new SimLoop(entropy);
        CacheRecord record = new CacheRecord(entropy.nextUuid(), BLOCK_BYTES, SLOTS, 0, true);
        store = new MemoryMetadataStore(loop, entropy, 100_000);
        BrickRecord brickRecord = new BrickRecord(0, "b0", entropy.nextUuid(), "sim", "sim", disk.sizeBytes());
        store.format(record, List.of(brickRecord));
        SsdLayout layout = new SsdLayout(record.uuid(), new BlockShape(BLOCK_BYTES), SLOTS);
        SimDevice ssd =
                device("ssd", new Medium(layout.areaBytes(), 512), entropy, (request, nowNs) -> 10_000, Faults.NONE);
        cache = Cache.load(
                CacheMetadata.read(store),
                store,
                loop,
                ssd,
                new CacheOptions(
                        CacheOptions.MIN_BUFFER_BYTES,
                        commitIntervalNs,
                        options.lowPercent(),
                        options.highPercent(),
                        options.maxDirtyAgeNs(),
                        options.idleNs(),
                        CacheOptions.MIN_METADATA_MEMORY_BYTES),
                ignored -> device("disk", disk, entropy, diskLatency, this::diskFault));
        AtomicInteger done = new AtomicInteger();
        cache.start(status -> done.incrementAndGet());
        loop.runUntil(() -> done.get() > 0);
        brick = cache.bricks().get(0);
        demoter = new Demoter(cache, options);
        demoter.start();
    }

    static DemotionRig with(DemotionOptions options) {
        return with(options, CacheOptions.MIN_COMMIT_INTERVAL_NS);
    }

    static DemotionRig with(DemotionOptions options, long commitIntervalNs) {
        return with(options, commitIntervalNs, (request, nowNs) -> 5_000_000);
    }

    static DemotionRig with(DemotionOptions options, long commitIntervalNs, LatencyModel diskLatency) {
        try {
            return new DemotionRig(options, commitIntervalNs, diskLatency);
        } catch (MetadataException e) {
            throw new AssertionError(e);
        }
    }

    private SimDevice device(String name, Medium medium, SeededEntropy entropy, LatencyModel latency, Faults faults) {
        return new SimDevice(name, loop, medium, SimDeviceOptions.DEFAULT, latency, faults, entropy);
    }

    private Fault diskFault(IoRequest request) {
        if (request.op() != IoOp.WRITE) {
            return Fault.NONE;
        }
        diskWrites.add(new DiskWrite(loop.nowNs(), (int) (request.offset() / DirtyRegions.REGION_BYTES)));
        Runnable hook = onDiskWrite;
        if (hook != null) {
            onDiskWrite = null;
            loop.execute(hook);
        }
        return diskWriteFault;
    }

    /** No commit succeeds any more. */
    void failCommits() {
        store.failNext(Integer.MAX_VALUE, new MetadataException(MetadataException.Kind.IO, "as the test wants it"));
    }

    void failDiskWrites(boolean fail) {
        diskWriteFault = fail ? Fault.IO_ERROR : Fault.NONE;
    }

    /** Once, right after the next write has been submitted to the disk. */
    void onNextDiskWrite(Runnable hook) {
        onDiskWrite = hook;
    }

    /** Writes the first blocks of a region and waits for the answer. */
    void write(int region, int blocks) {
        AtomicInteger answers = new AtomicInteger();
        submitWrite(region, 0, blocks, answers::incrementAndGet);
        loop.runUntil(() -> answers.get() > 0);
    }

    /** Writes the first KiB of a region, which is not a whole block, and waits for the answer. */
    void writePart(int region) {
        AtomicInteger answers = new AtomicInteger();
        IoBuffer buffer = Objects.requireNonNull(memory.tryAllocate(BLOCK_BYTES));
        long offset = (long) region * DirtyRegions.REGION_BYTES;
        buffer.bytes().put(Pattern.of(1, offset, 1024));
        submit(IoOp.WRITE, offset, 1024, buffer, answers::incrementAndGet);
        loop.runUntil(() -> answers.get() > 0);
    }

    void submitWrite(int region, int firstBlock, int blocks, Runnable answered) {
        long offset = (long) region * DirtyRegions.REGION_BYTES + (long) firstBlock * BLOCK_BYTES;
        int length = blocks * BLOCK_BYTES;
        IoBuffer buffer = Objects.requireNonNull(memory.tryAllocate(length));
        buffer.bytes().put(Pattern.of(1, offset, length));
        submit(IoOp.WRITE, offset, length, buffer, answered);
    }

    /** Reads one block, so that the brick is not idle. */
    void read(int region) {
        IoBuffer buffer = Objects.requireNonNull(memory.tryAllocate(BLOCK_BYTES));
        submit(IoOp.READ, (long) region * DirtyRegions.REGION_BYTES, BLOCK_BYTES, buffer, () -> {});
    }

    private void submit(IoOp op, long offset, int length, IoBuffer buffer, Runnable answered) {
        IoRequest request = new IoRequest() {
            @Override
            public void completed(IoStatus status) {
                assertThat(status).isEqualTo(IoStatus.OK);
                buffer.release();
                answered.run();
            }
        };
        request.prepare(op, offset, length, 0, buffer, 0);
        brick.submit(request);
    }

    /** Lets time pass in which the brick is read ten times a second. */
    void runBusy(long durationNs) {
        for (long passedNs = 0; passedNs < durationNs; passedNs += SECOND_NS / 10) {
            read(0);
            loop.runFor(SECOND_NS / 10);
        }
    }

    long dirtyBlocks() {
        return brick.regions().dirtyBlocks();
    }

    /** True if the disk holds what {@link #write} wrote. */
    boolean isOnDisk(int region, int firstBlock, int blocks) {
        long offset = (long) region * DirtyRegions.REGION_BYTES + (long) firstBlock * BLOCK_BYTES;
        ByteBuffer content = ByteBuffer.allocate(blocks * BLOCK_BYTES);
        disk.read(offset, content.capacity(), content, 0);
        return content.equals(ByteBuffer.wrap(Pattern.of(1, offset, content.capacity())));
    }
}
