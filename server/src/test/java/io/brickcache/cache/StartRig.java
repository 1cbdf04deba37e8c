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
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.block.sim.SimDeviceOptions;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A cache with two bricks in virtual time that is opened again and again, and a witness that can be made to fail. */
final class StartRig {

    static final int BLOCK_BYTES = 4 << 10;
    static final int SLOTS = 4096;
    static final long BRICK_BYTES = 64 << 20;
    static final long SECOND_NS = 1_000_000_000L;

    /** What the witness was told: brick number and dirty bytes. */
    record Told(int brick, long dirtyBytes) {}

    final SeededEntropy entropy = new SeededEntropy(31);
    final SimLoop loop = new SimLoop(entropy);
    final List<Told> told = new ArrayList<>();
    final Medium[] disks = {new Medium(BRICK_BYTES, 512), new Medium(BRICK_BYTES, 512)};
    boolean witnessFails;
    Fault diskFault = Fault.NONE;
    long diskLatencyNs = 100_000;

    private final PlantedBug bug;
    private final BufferPool memory = new BufferPool(4 << 20);
    private final CacheRecord record = new CacheRecord(entropy.nextUuid(), BLOCK_BYTES, SLOTS, 0, true);
    private final Medium ssd =
            new Medium(new SsdLayout(record.uuid(), new BlockShape(BLOCK_BYTES), SLOTS).areaBytes(), 512);
    private MemoryMetadataStore store = new MemoryMetadataStore(loop, entropy, 100_000);
    private @Nullable Cache cache;

    StartRig(PlantedBug bug) {
        this.bug = bug;
        List<BrickRecord> bricks = new ArrayList<>();
        for (int i = 0; i < disks.length; i++) {
            bricks.add(new BrickRecord(i, "b" + i, entropy.nextUuid(), "sim", "sim", BRICK_BYTES));
        }
        store.format(record, bricks);
    }

    /** Loads the cache; nothing is started yet. */
    Cache load() {
        try {
            Cache loaded = Cache.load(
                    CacheMetadata.read(store),
                    store,
                    loop,
                    device("ssd", ssd),
                    CacheOptions.DEFAULTS,
                    brick -> device("disk" + brick.id(), disks[brick.id()]),
                    bug,
                    Heuristics.DEFAULTS);
            loaded.tell(this::witness);
            cache = loaded;
            return loaded;
        } catch (MetadataException e) {
            throw new AssertionError(e);
        }
    }

    Cache open() {
        Cache opened = load();
        assertThat(await(opened::start)).isEqualTo(IoStatus.OK);
        return opened;
    }

    /** Stops in order and opens again. */
    Cache reopen() {
        assertThat(await(cache()::stop)).isEqualTo(IoStatus.OK);
        store.close();
        store = store.reopened(loop);
        return open();
    }

    void stop() {
        assertThat(await(cache()::stop)).isEqualTo(IoStatus.OK);
        store.close();
        store = store.reopened(loop);
    }

    private void witness(BrickRecord brick, long dirtyBytes, Consumer<IoStatus> done) {
        loop.schedule(10_000_000L, () -> {
            if (!witnessFails) {
                told.add(new Told(brick.id(), dirtyBytes));
            }
            done.accept(witnessFails ? IoStatus.IO_ERROR : IoStatus.OK);
        });
    }

    /** What the witness would say of a brick now; -1 if it was never told. */
    long witnessed(int brick) {
        return told.stream()
                .filter(t -> t.brick() == brick)
                .mapToLong(Told::dirtyBytes)
                .reduce(-1, (before, last) -> last);
    }

    private BlockDevice device(String name, Medium medium) {
        boolean isDisk = name.startsWith("disk");
        return new SimDevice(
                name,
                loop,
                medium,
                SimDeviceOptions.DEFAULT,
                (request, nowNs) -> isDisk ? diskLatencyNs : 10_000,
                request -> isDisk ? diskFault : Fault.NONE,
                entropy.split(name));
    }

    Cache cache() {
        return Objects.requireNonNull(cache);
    }

    CachedBrick brick(int i) {
        return cache().bricks().get(i);
    }

    IoStatus await(Consumer<Consumer<IoStatus>> call) {
        List<IoStatus> results = new ArrayList<>();
        call.accept(results::add);
        assertThat(loop.runUntil(() -> !results.isEmpty())).isTrue();
        return results.get(0);
    }

    /** What the fence says of a brick. */
    FenceVerdict checkFence(int brick) {
        List<Map<CachedBrick, FenceVerdict>> verdicts = new ArrayList<>();
        cache().checkFence(cache().bricks(), verdicts::add);
        assertThat(loop.runUntil(() -> !verdicts.isEmpty())).isTrue();
        return Objects.requireNonNull(verdicts.get(0).get(brick(brick)));
    }

    /** Writes blocks of a pattern through the cache, one by one. */
    IoStatus write(int brick, int seed, long firstBlock, int blocks) {
        IoStatus status = IoStatus.OK;
        for (int i = 0; i < blocks; i++) {
            long offset = (firstBlock + i) * BLOCK_BYTES;
            status = status.and(transfer(IoOp.WRITE, brick(brick), offset, Pattern.of(seed, offset, BLOCK_BYTES)));
        }
        return status;
    }

    /** Writes to the bare disk. */
    void writeBehind(int brick, int seed, long block) {
        long offset = block * BLOCK_BYTES;
        BlockDevice disk = device("disk-other", disks[brick]);
        assertThat(transfer(IoOp.WRITE, disk, offset, Pattern.of(seed, offset, BLOCK_BYTES)))
                .isEqualTo(IoStatus.OK);
        assertThat(flush(disk)).isEqualTo(IoStatus.OK);
    }

    byte[] read(int brick, long block) {
        byte[] bytes = new byte[BLOCK_BYTES];
        assertThat(transfer(IoOp.READ, brick(brick), block * BLOCK_BYTES, bytes))
                .isEqualTo(IoStatus.OK);
        return bytes;
    }

    static byte[] pattern(int seed, long block) {
        return Pattern.of(seed, block * BLOCK_BYTES, BLOCK_BYTES);
    }

    private IoStatus transfer(IoOp op, BlockDevice device, long offset, byte[] bytes) {
        IoBuffer buffer = Objects.requireNonNull(memory.tryAllocate(bytes.length));
        buffer.bytes(0, bytes.length).put(bytes);
        IoStatus status = await(done -> {
            Request request = new Request(done);
            request.prepare(op, offset, bytes.length, 0, buffer, 0);
            device.submit(request);
        });
        buffer.bytes(0, bytes.length).get(bytes);
        buffer.release();
        return status;
    }

    IoStatus flush(BlockDevice device) {
        return await(done -> {
            Request request = new Request(done);
            request.prepareFlush();
            device.submit(request);
        });
    }

    /** Makes everything that is dirty clean, durably. */
    void demote(int brick) {
        assertThat(flush(brick(brick))).isEqualTo(IoStatus.OK);
        List<Integer> regions = new ArrayList<>();
        for (int r = brick(brick).regions().next(0);
                r >= 0;
                r = brick(brick).regions().next(r + 1)) {
            regions.add(r);
        }
        for (int region : regions) {
            assertThat(await(done -> cache().demote(
                                    brick(brick),
                                    new int[] {region},
                                    (blocks, skipped, status) -> done.accept(status))))
                    .isEqualTo(IoStatus.OK);
        }
        assertThat(flush(brick(brick))).isEqualTo(IoStatus.OK);
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
