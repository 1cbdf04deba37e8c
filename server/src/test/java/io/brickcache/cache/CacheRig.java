package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.Faults;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.block.sim.SimDeviceOptions;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import io.brickcache.meta.MemorySpareJournal;
import io.brickcache.meta.SpareJournal;
import io.brickcache.meta.SparedMetadataStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A cache of 256 blocks of 4 KiB on a simulated loop, to which bricks of 4 MiB are attached. */
final class CacheRig {

    static final int SLOTS = 256;
    static final int BLOCK = 4 << 10;
    static final long BRICK_BYTES = 4 << 20;

    private static final BlockShape SHAPE = new BlockShape(BLOCK);

    final SeededEntropy entropy;
    final SimLoop loop;
    final MemoryMetadataStore store;
    /** Takes what the store refuses. */
    final MemorySpareJournal spare;

    final Medium ssdMedium;
    final SimDevice ssd;
    final Cache cache;

    private final SsdLayout layout;
    private final BufferPool buffers = new BufferPool(1 << 20);

    /** Where commits go that the store refuses. */
    enum Refused {
        NOWHERE,
        TO_THE_SPARE_JOURNAL
    }

    private final Refused refused;

    CacheRig(long seed) {
        this(seed, Refused.NOWHERE);
    }

    CacheRig(long seed, Refused refused) {
        this.refused = refused;
        entropy = new SeededEntropy(seed);
        loop = new SimLoop(entropy);
        store = new MemoryMetadataStore(loop, entropy, 100_000);
        CacheRecord record = new CacheRecord(entropy.nextUuid(), BLOCK, SLOTS, 0, true);
        spare = new MemorySpareJournal(loop, entropy, 100_000);
        layout = new SsdLayout(record.uuid(), SHAPE, SLOTS);
        ssdMedium = new Medium(layout.areaBytes(), 512);
        ssd = device("ssd", ssdMedium);
        ByteBuffer superblock = ByteBuffer.allocate(SsdLayout.SUPERBLOCK_BYTES);
        layout.encode(superblock);
        ssdMedium.preset(0, superblock, 0, SsdLayout.SUPERBLOCK_BYTES);
        store.format(record, List.of());
        cache = load(spared(spare), brick -> device(brick.name(), BRICK_BYTES));
        assertThat(await(cache::start)).isEqualTo(IoStatus.OK);
    }

    private MetadataStore spared(SpareJournal journal) {
        try {
            if (refused == Refused.NOWHERE) {
                return store;
            }
            return SparedMetadataStore.open(store, journal, loop);
        } catch (MetadataException e) {
            throw new AssertionError(e);
        }
    }

    SimDevice device(String name, long sizeBytes) {
        return device(name, new Medium(sizeBytes, 512));
    }

    SimDevice device(String name, Medium medium) {
        return new SimDevice(
                name, loop, medium, SimDeviceOptions.DEFAULT, (op, bytes) -> 10_000, Faults.NONE, entropy.split(name));
    }

    /** What a service would find that starts now, with what is durable. */
    Cache load(Function<BrickRecord, BlockDevice> disks) {
        return load(spared(spare.reopened(loop)), disks);
    }

    private Cache load(MetadataStore from, Function<BrickRecord, BlockDevice> disks) {
        try {
            return Cache.load(CacheMetadata.read(from), from, loop, ssd, CacheOptions.DEFAULTS, disks);
        } catch (MetadataException e) {
            throw new AssertionError(e);
        }
    }

    /** The brick of that name as a service would find it that starts now. */
    CachedBrick reloaded(String name) {
        return load(brick -> device(brick.name(), BRICK_BYTES)).bricks().stream()
                .filter(brick -> brick.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    BrickRecord record(int id) {
        return new BrickRecord(id, "b" + id, entropy.nextUuid(), "sim", "sim", BRICK_BYTES);
    }

    CachedBrick attach(BlockDevice disk) {
        List<CachedBrick> added = new ArrayList<>();
        assertThat(await(done -> added.add(cache.attach(record(cache.freeBrickId()), disk, done))))
                .isEqualTo(IoStatus.OK);
        return added.get(0);
    }

    IoStatus await(Consumer<Consumer<IoStatus>> call) {
        List<IoStatus> results = new ArrayList<>();
        call.accept(results::add);
        assertThat(loop.runUntil(() -> !results.isEmpty())).isTrue();
        return results.get(0);
    }

    /** Fills {@code blocks} blocks with a value each, from {@code value} on. */
    IoStatus write(CachedBrick brick, long block, int blocks, int value) {
        return write(brick, block, blocks, value, 0);
    }

    /** As {@link #write}, with FUA. */
    IoStatus writeDurably(CachedBrick brick, long block, int blocks, int value) {
        return write(brick, block, blocks, value, IoRequest.FUA);
    }

    private IoStatus write(CachedBrick brick, long block, int blocks, int value, int flags) {
        IoBuffer memory = memory(blocks * BLOCK);
        for (int i = 0; i < blocks * BLOCK; i++) {
            memory.bytes().put(i, (byte) (value + i / BLOCK));
        }
        IoStatus status = transfer(brick, IoOp.WRITE, block * BLOCK, blocks * BLOCK, flags, memory, 0);
        memory.release();
        return status;
    }

    /** Fills one sector of a block. */
    IoStatus writeSector(CachedBrick brick, long block, int sector, int value) {
        IoBuffer memory = memory(BLOCK);
        int at = sector * 512;
        for (int i = at; i < at + 512; i++) {
            memory.bytes().put(i, (byte) value);
        }
        IoStatus status = transfer(brick, IoOp.WRITE, block * BLOCK + at, 512, 0, memory, at);
        memory.release();
        return status;
    }

    /** The first byte of each sector of a block, or null if it cannot be read. */
    byte @Nullable [] read(CachedBrick brick, long block) {
        IoBuffer memory = memory(BLOCK);
        IoStatus status = transfer(brick, IoOp.READ, block * BLOCK, BLOCK, 0, memory, 0);
        byte[] sectors = new byte[BLOCK / 512];
        ByteBuffer bytes = memory.bytes();
        for (int i = 0; i < sectors.length; i++) {
            sectors[i] = bytes.get(i * 512);
        }
        memory.release();
        return status.isOk() ? sectors : null;
    }

    /** Reads blocks for nobody. */
    void submitRead(CachedBrick brick, long block, int blocks, Consumer<IoStatus> done) {
        IoBuffer memory = memory(blocks * BLOCK);
        Request request = new Request(status -> {
            memory.release();
            done.accept(status);
        });
        request.prepare(IoOp.READ, block * BLOCK, blocks * BLOCK, 0, memory, 0);
        brick.submit(request);
    }

    /** Writes a block with one value, when the cache takes it. */
    void submitWrite(CachedBrick brick, long block, int value, Consumer<IoStatus> done) {
        IoBuffer memory = memory(BLOCK);
        for (int i = 0; i < BLOCK; i++) {
            memory.bytes().put(i, (byte) value);
        }
        Request request = new Request(status -> {
            memory.release();
            done.accept(status);
        });
        request.prepare(IoOp.WRITE, block * BLOCK, BLOCK, 0, memory, 0);
        brick.submit(request);
    }

    /** Writes blocks with a value each, from {@code value} on; may be answered before they are written. */
    Behind writeBehind(CachedBrick brick, long block, int blocks, int value) {
        return writeBehind(brick, block, blocks, value, IoRequest.BEHIND);
    }

    /** As {@link #writeBehind}, with other flags than BEHIND. */
    Behind writeBehind(CachedBrick brick, long block, int blocks, int value, int flags) {
        IoBuffer memory = memory(blocks * BLOCK);
        for (int i = 0; i < blocks * BLOCK; i++) {
            memory.bytes().put(i, (byte) (value + i / BLOCK));
        }
        Behind request = new Behind(memory);
        request.prepare(IoOp.WRITE, block * BLOCK, blocks * BLOCK, flags, memory, 0);
        brick.submit(request);
        return request;
    }

    /** The first byte of a slot. */
    byte onSsd(int slot) {
        ByteBuffer sector = ByteBuffer.allocate(512);
        ssdMedium.read(layout.slotOffset(slot), 512, sector, 0);
        return sector.get(0);
    }

    /** Whether the SSD has the block. */
    static boolean isCached(CachedBrick brick, long block) {
        ExtentsRequest request = new ExtentsRequest() {
            @Override
            public void completed(IoStatus status) {
                assertThat(status).isEqualTo(IoStatus.OK);
            }
        };
        request.prepareExtents(ExtentsRequest.Context.RESIDENCY, block * BLOCK, BLOCK);
        brick.submit(request);
        return request.extentState(0) != ExtentsRequest.NOT_CACHED;
    }

    IoStatus zero(CachedBrick brick, long block, int blocks) {
        return await(done -> {
            Request request = new Request(done);
            request.prepare(IoOp.WRITE_ZEROES, block * BLOCK, (long) blocks * BLOCK, 0);
            brick.submit(request);
        });
    }

    IoStatus flush(CachedBrick brick) {
        return await(done -> submitFlush(brick, done));
    }

    static void submitFlush(CachedBrick brick, Consumer<IoStatus> done) {
        Request request = new Request(done);
        request.prepareFlush();
        brick.submit(request);
    }

    private IoStatus transfer(CachedBrick brick, IoOp op, long offset, int length, int flags, IoBuffer memory, int at) {
        return await(done -> {
            Request request = new Request(done);
            request.prepare(op, offset, length, flags, memory, at);
            brick.submit(request);
        });
    }

    private IoBuffer memory(int bytes) {
        return Required.of(buffers.tryAllocate(bytes));
    }

    /** A write whose client hears of both its ends. */
    static final class Behind extends IoRequest {
        private final IoBuffer memory;
        boolean accepted;

        @Nullable
        IoStatus status;

        Behind(IoBuffer memory) {
            this.memory = memory;
        }

        @Override
        public void accepted() {
            assertThat(accepted || status != null).isFalse();
            accepted = true;
        }

        @Override
        public void completed(IoStatus newStatus) {
            status = newStatus;
            memory.bytes().put(0, (byte) -1); // its owner does with it what he likes
            memory.release();
        }
    }

    private static final class Request extends IoRequest {
        private final Consumer<IoStatus> done;

        Request(Consumer<IoStatus> done) {
            this.done = done;
        }

        @Override
        public void completed(IoStatus status) {
            done.accept(status);
        }
    }
}
