package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.Pattern;
import io.brickcache.block.sim.Fault;
import io.brickcache.block.sim.Faults;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.block.sim.SimDeviceOptions;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.LostRange;
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.demotion.Demoter;
import io.brickcache.demotion.DemotionOptions;
import io.brickcache.demotion.FlushProgress;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;

/** A cache with one brick, whose slots can be damaged: content turned for good, or reads that fail. */
final class LostRig {

    static final int BLOCK = 16 << 10;
    static final int SLOTS = 256;
    static final long BRICK_BYTES = 8L << 20;

    /** Turns of {@link Pattern}: what the disk had from the beginning, and what is written. */
    static final int OLD = 1;

    static final int NEW = 2;

    /** How a request ended, and for a READ what it read. */
    static final class Answer {
        private final IoStatus status;
        private final byte[] bytes;

        private Answer(IoStatus status, byte[] bytes) {
            this.status = status;
            this.bytes = bytes;
        }

        IoStatus status() {
            return status;
        }

        byte[] bytes() {
            return bytes;
        }
    }

    final SeededEntropy entropy = new SeededEntropy(31);
    final SimLoop loop = new SimLoop(entropy);
    final Medium disk = new Medium(BRICK_BYTES, 512);
    private final BlockShape shape = new BlockShape(BLOCK);
    private final CacheRecord record = new CacheRecord(entropy.nextUuid(), BLOCK, SLOTS, 0, true);
    private final SsdLayout layout = new SsdLayout(record.uuid(), shape, SLOTS);
    private final Medium ssd = new Medium(layout.areaBytes(), 512);
    private final BufferPool memory = new BufferPool(4 << 20);
    private final Set<Integer> unreadable = new HashSet<>();
    private final List<BlockDevice> devices = new ArrayList<>();
    private final PlantedBug bug;
    private boolean ssdGone;
    private boolean ssdReadOnly;
    private boolean syncsLost;
    private int flips;
    int ssdReads;
    MemoryMetadataStore store = new MemoryMetadataStore(loop, entropy, 100_000);
    Cache cache;
    Demoter demoter;

    LostRig() {
        this(PlantedBug.NONE);
    }

    LostRig(PlantedBug bug) {
        this.bug = bug;
        byte[] old = Pattern.of(OLD, 0, (int) BRICK_BYTES);
        disk.preset(0, ByteBuffer.wrap(old), 0, old.length);
        store.format(record, List.of(new BrickRecord(0, "b0", entropy.nextUuid(), "sim", "sim", BRICK_BYTES)));
        cache = open();
        demoter = demoter();
    }

    private Cache open() {
        try {
            Cache opened = Cache.load(
                    CacheMetadata.read(store),
                    store,
                    loop,
                    device("ssd", ssd, this::ssdFault),
                    CacheOptions.DEFAULTS,
                    ignored -> device("disk", disk, this::diskFault),
                    bug,
                    Heuristics.DEFAULTS);
            assertThat(await(opened::start)).isEqualTo(IoStatus.OK);
            return opened;
        } catch (MetadataException e) {
            throw new AssertionError(e);
        }
    }

    /** Never started: it flushes when it is asked to, and otherwise leaves dirty blocks alone. */
    private Demoter demoter() {
        return new Demoter(cache, DemotionOptions.of(CacheOptions.DEFAULTS));
    }

    private BlockDevice device(String name, Medium medium, Faults faults) {
        BlockDevice device = new SimDevice(
                name, loop, medium, SimDeviceOptions.DEFAULT, (request, nowNs) -> 10_000, faults, entropy.split(name));
        devices.add(device);
        return device;
    }

    private Fault diskFault(IoRequest request) {
        return syncsLost && request.op() == IoOp.FLUSH ? Fault.IO_ERROR : Fault.NONE;
    }

    private Fault ssdFault(IoRequest request) {
        if (syncsLost && request.op() == IoOp.FLUSH) {
            return Fault.LOST_SYNC;
        }
        if (request.op() != IoOp.READ) {
            return ssdGone || ssdReadOnly && request.op() == IoOp.WRITE ? Fault.IO_ERROR : Fault.NONE;
        }
        ssdReads++;
        for (int slot : unreadable) {
            long at = layout.slotOffset(slot);
            if (at < request.offset() + request.length() && request.offset() < at + BLOCK) {
                return Fault.IO_ERROR;
            }
        }
        if (flips > 0) {
            flips--;
            return Fault.BIT_FLIP;
        }
        return ssdGone ? Fault.IO_ERROR : Fault.NONE;
    }

    CachedBrick brick() {
        return cache.bricks().get(0);
    }

    /** The slot that holds a block now. */
    private int slotOf(long block) {
        byte[] content = new byte[BLOCK];
        for (int slot = 0; slot < SLOTS; slot++) {
            ssd.read(layout.slotOffset(slot), BLOCK, ByteBuffer.wrap(content), 0);
            for (int turn = NEW; turn >= OLD; turn--) {
                byte[] expected = Pattern.of(turn, block * BLOCK, BLOCK);
                for (int unit = 0; unit < BLOCK; unit += 512) {
                    if (Arrays.equals(content, unit, unit + 512, expected, unit, unit + 512)) {
                        return slot;
                    }
                }
            }
        }
        throw new AssertionError("block " + block + " is in no slot");
    }

    /** Turns a bit of every sector of the slot that holds a block, for good. */
    void damage(long block) {
        long at = layout.slotOffset(slotOf(block));
        byte[] content = new byte[BLOCK];
        ssd.read(at, BLOCK, ByteBuffer.wrap(content), 0);
        for (int sector = 0; sector < BLOCK; sector += 512) {
            content[sector + 17] ^= 4;
        }
        ssd.preset(at, ByteBuffer.wrap(content), 0, BLOCK);
    }

    /** From now on reads of the slot that holds a block fail. */
    void failReads(long block) {
        unreadable.add(slotOf(block));
    }

    void heal() {
        unreadable.clear();
        ssdGone = false;
        syncsLost = false;
    }

    /** From now on the SSD fails everything. */
    void loseSsd() {
        ssdGone = true;
    }

    /** From now on the SSD loses what it is to sync, and syncs of the disk fail. */
    void loseSyncs() {
        syncsLost = true;
    }

    /** Writes go around the SSD, which refuses them. */
    void refuseSsdWrites(boolean refuse) {
        ssdReadOnly = refuse;
    }

    /** The next reads of the SSD come with a bit turned. */
    void flipNextReads(int count) {
        flips = count;
    }

    Answer write(long offset, int length) {
        return request(IoOp.WRITE, offset, length, 0);
    }

    Answer read(long offset, int length) {
        return request(IoOp.READ, offset, length, 0);
    }

    Answer request(IoOp op, long offset, int length, int flags) {
        int lead = (int) (offset % BLOCK);
        boolean data = op == IoOp.READ || op == IoOp.WRITE;
        IoBuffer buffer = Objects.requireNonNull(memory.tryAllocate((lead + length + BLOCK - 1) / BLOCK * BLOCK));
        List<IoStatus> answers = new ArrayList<>();
        IoRequest request = new IoRequest() {
            @Override
            public void completed(IoStatus status) {
                answers.add(status);
            }
        };
        if (data) {
            if (op == IoOp.WRITE) {
                buffer.bytes(lead, length).put(Pattern.of(NEW, offset, length));
            }
            request.prepare(op, offset, length, flags, buffer, lead);
        } else {
            request.prepare(op, offset, (long) length, flags);
        }
        brick().submit(request);
        assertThat(loop.runUntil(() -> !answers.isEmpty())).isTrue();
        byte[] bytes = new byte[length];
        buffer.bytes(lead, length).get(bytes);
        // A promotion may still go on reading it.
        loop.runFor(10_000_000);
        buffer.release();
        return new Answer(answers.get(0), bytes);
    }

    IoStatus flush() {
        return await(done -> cache.commit(brick(), done));
    }

    /** Demotes as the service does by itself. */
    IoStatus demote(int... regions) {
        flush();
        return await(done -> cache.demote(brick(), regions, (blocks, skipped, status) -> done.accept(status)));
    }

    /** What {@code brickcache brick flush} does. */
    IoStatus flushBrick() {
        return await(done -> demoter.flush(brick(), new FlushProgress() {
            @Override
            public boolean progress(long doneBlocks, long totalBlocks) {
                return true;
            }

            @Override
            public void finished(IoStatus status) {
                done.accept(status);
            }
        }));
    }

    List<LostRange> lost() {
        return brick().lost().from(0, Integer.MAX_VALUE);
    }

    /** Stops in order and starts again. */
    void restart() {
        assertThat(await(cache::stop)).isEqualTo(IoStatus.OK);
        cache.checkStructure(true);
        devices.forEach(BlockDevice::close);
        store.close();
        reopen();
    }

    /** Power is lost, and comes back. */
    void crash() {
        devices.forEach(device -> ((SimDevice) device).kill());
        store.crash();
        ssd.losePower(entropy);
        disk.losePower(entropy);
        loop.discardAll();
        reopen();
    }

    private void reopen() {
        devices.clear();
        store = store.reopened(loop);
        cache = open();
        demoter = demoter();
    }

    IoStatus await(Consumer<Consumer<IoStatus>> call) {
        List<IoStatus> results = new ArrayList<>();
        call.accept(results::add);
        assertThat(loop.runUntil(() -> !results.isEmpty())).isTrue();
        return results.get(0);
    }

    byte[] onDisk(long offset, int length) {
        byte[] bytes = new byte[length];
        disk.read(offset, length, ByteBuffer.wrap(bytes), 0);
        return bytes;
    }

    static byte[] oldContent(long offset, int length) {
        return Pattern.of(OLD, offset, length);
    }

    static byte[] newContent(long offset, int length) {
        return Pattern.of(NEW, offset, length);
    }
}
