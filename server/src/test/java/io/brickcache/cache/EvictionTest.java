package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.Pattern;
import io.brickcache.block.sim.Faults;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.block.sim.SimDeviceOptions;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.SlotRecords;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class EvictionTest {

    private static final int SLOTS = 16_384;
    private static final BlockShape SHAPE = new BlockShape(4 << 10);
    private static final int WRITE_BYTES = 1 << 20;
    private static final long BRICK_BYTES = 1L << 30;

    private final SeededEntropy entropy = new SeededEntropy(23);
    private final SimLoop loop = new SimLoop(entropy);
    private final MemoryMetadataStore store = new MemoryMetadataStore(loop, entropy, 100_000);
    private final BufferPool memory = new BufferPool(WRITE_BYTES);

    /** A full cache of clean blocks, opened again: most are in the main queue, more than one search looks at. */
    private Cache openFull() throws MetadataException {
        CacheRecord record = new CacheRecord(entropy.nextUuid(), SHAPE.blockBytes(), SLOTS, 0, true);
        BrickRecord brick = new BrickRecord(0, "b0", entropy.nextUuid(), "sim", "sim", BRICK_BYTES);
        SlotTable slots = new SlotTable(SLOTS, SHAPE);
        for (int slot = 0; slot < SLOTS; slot++) {
            slots.map(slot, 0, slot, SlotTable.CLEAN, SHAPE.fullMask(), slot);
        }
        store.format(record, List.of(brick));
        MetadataBatch batch = new MetadataBatch();
        SlotRecords records = new SlotRecords(slots, SHAPE);
        for (int group = 0; group < SLOTS / SlotRecords.GROUP_SLOTS; group++) {
            records.putGroup(batch, group);
        }
        AtomicInteger done = new AtomicInteger();
        store.commit(batch, failure -> done.incrementAndGet());
        loop.runUntil(() -> done.get() > 0);
        long areaBytes = new SsdLayout(record.uuid(), SHAPE, SLOTS).areaBytes();
        Cache cache = Cache.load(
                CacheMetadata.read(store),
                store,
                loop,
                device("ssd", areaBytes),
                CacheOptions.DEFAULTS,
                ignored -> device("disk", BRICK_BYTES));
        cache.start(status -> done.incrementAndGet());
        loop.runUntil(() -> done.get() == 2);
        loop.runFor(2_000_000_000L);
        return cache;
    }

    private SimDevice device(String name, long bytes) {
        return new SimDevice(
                name,
                loop,
                new Medium(bytes, 512),
                SimDeviceOptions.DEFAULT,
                (request, nowNs) -> 10_000,
                Faults.NONE,
                entropy);
    }

    private void write(CachedBrick brick, long offset) {
        IoBuffer buffer = Objects.requireNonNull(memory.tryAllocate(WRITE_BYTES));
        buffer.bytes().put(Pattern.of(1, offset, WRITE_BYTES));
        AtomicInteger answers = new AtomicInteger();
        IoRequest request = new IoRequest() {
            @Override
            public void completed(IoStatus status) {
                assertThat(status).isEqualTo(IoStatus.OK);
                answers.incrementAndGet();
            }
        };
        request.prepare(IoOp.WRITE, offset, WRITE_BYTES, 0, buffer, 0);
        brick.submit(request);
        loop.runUntil(() -> answers.get() > 0);
        buffer.release();
        // Time for the commit that frees what was evicted.
        loop.runFor(2_000_000_000L);
    }

    @Test
    void shouldMakeRoomForNewBlocksAsLongAsThereAreCleanOnes() throws MetadataException {
        Cache cache = openFull();
        CachedBrick brick = cache.bricks().get(0);
        for (int i = 0; i < 48; i++) {
            write(brick, BRICK_BYTES / 2 + (long) i * WRITE_BYTES);

            assertThat(brick.counters().aroundFullBytes).as("write %d", i).isZero();
        }
        cache.checkStructure(true);
    }
}
