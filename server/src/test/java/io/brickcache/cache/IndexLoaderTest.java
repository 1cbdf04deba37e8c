package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.SlotRecords;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A cache of several parts, so that it is loaded by several threads where there are several processors. */
class IndexLoaderTest {

    private static final int SLOTS = (5 << 16) + 77;
    private static final int LAST = SLOTS - 1;
    private static final long BRICK_BLOCKS = 1 << 20;

    private final SeededEntropy entropy = new SeededEntropy(17);
    private final SimLoop loop = new SimLoop(entropy);
    private final MemoryMetadataStore store = new MemoryMetadataStore(loop, entropy, 1000);
    private BlockShape shape = new BlockShape(4096);
    private SlotTable slots = new SlotTable(SLOTS, shape);

    /** Every third slot is free; neighbouring slots hold distant blocks of two bricks. */
    private void fill() {
        slots = new SlotTable(SLOTS, shape);
        for (int slot = 0; slot < SLOTS; slot++) {
            if (slot % 3 != 0) {
                put(slot, slot % 2, blockOf(slot));
            }
        }
    }

    private static long blockOf(int slot) {
        return slot * 0x9E37_79B1L & BRICK_BLOCKS - 1;
    }

    private static int stateOf(int slot) {
        return slot % 5 == 0 ? SlotTable.DIRTY : SlotTable.CLEAN;
    }

    private long maskOf(int slot) {
        return slot % 7 == 0 ? 1 + slot % 200 : shape.fullMask();
    }

    private void put(int slot, int brick, long block) {
        slots.clear(slot);
        slots.map(slot, brick, block, stateOf(slot), maskOf(slot), slot);
    }

    private Cache load() throws MetadataException {
        CacheRecord record = new CacheRecord(entropy.nextUuid(), shape.blockBytes(), SLOTS, 3, true);
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.CACHE, CacheRecord.key(), record.encode());
        for (int id = 0; id < 2; id++) {
            BrickRecord brick =
                    new BrickRecord(id, "b" + id, entropy.nextUuid(), "sim", "sim", BRICK_BLOCKS * shape.blockBytes());
            batch.put(Family.BRICKS, brick.key(), brick.encode());
        }
        SlotRecords records = new SlotRecords(slots, shape);
        for (int group = 0; group <= LAST / SlotRecords.GROUP_SLOTS; group++) {
            records.putGroup(batch, group);
        }
        List<Boolean> stored = new ArrayList<>();
        store.commit(batch, failure -> stored.add(failure == null));
        loop.runUntil(() -> !stored.isEmpty());
        return Cache.load(
                CacheMetadata.read(store),
                store,
                loop,
                device("ssd", new SsdLayout(record.uuid(), shape, SLOTS).areaBytes()),
                CacheOptions.DEFAULTS,
                brick -> device(brick.name(), brick.sizeBytes()));
    }

    private SimDevice device(String name, long sizeBytes) {
        return new SimDevice(
                name,
                loop,
                new Medium(sizeBytes, 512),
                SimDeviceOptions.DEFAULT,
                (op, bytes) -> 10_000,
                Faults.NONE,
                entropy.split(name));
    }

    @ParameterizedTest
    @ValueSource(ints = {4 << 10, 16 << 10, 64 << 10})
    void shouldHoldEverySlotOfItsRecordsWhenTheCacheIsOfSeveralParts(int blockBytes) throws MetadataException {
        shape = new BlockShape(blockBytes);
        fill();

        Cache cache = load();

        cache.checkStructure(true);
        CacheCore core = cache.core();
        for (int slot = 0; slot < SLOTS; slot++) {
            if (slot % 3 == 0) {
                assertThat(core.slots.state(slot)).isEqualTo(SlotTable.FREE);
                continue;
            }
            assertThat(core.map.find(SlotTable.key(slot % 2, blockOf(slot)))).isEqualTo(slot);
            assertThat(core.slots.state(slot)).isEqualTo(stateOf(slot));
            assertThat(core.slots.validMask(slot)).isEqualTo(maskOf(slot));
            assertThat(core.slots.checksum(slot)).isEqualTo(slot);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 64, 1 << 16, (1 << 16) + 1, LAST - 64})
    void shouldRefuseTwoSlotsOfOnePlaceWhereverTheyAre(int first) {
        fill();
        put(first, 1, 123_456_7 % BRICK_BLOCKS);
        put(LAST, 1, 123_456_7 % BRICK_BLOCKS);

        assertThatThrownBy(this::load)
                .isInstanceOfSatisfying(
                        MetadataException.class, e -> assertThat(e.kind()).isEqualTo(MetadataException.Kind.CORRUPT))
                .hasMessageContaining("both claim block " + 123_456_7 % BRICK_BLOCKS + " of brick b1")
                .hasMessageContaining(" " + first + " ")
                .hasMessageContaining(" " + LAST + " ");
    }

    @Test
    void shouldRefuseASlotOfAnUnknownBrickWhenItIsTheLast() {
        fill();
        put(LAST, 9, 5);

        assertThatThrownBy(this::load).hasMessageContaining("slot " + LAST + " belongs to brick 9, which is not known");
    }

    @Test
    void shouldRefuseASlotBeyondTheEndOfItsBrickWhenItIsTheLast() {
        fill();
        put(LAST, 1, BRICK_BLOCKS);

        assertThatThrownBy(this::load)
                .hasMessageContaining("slot " + LAST + " holds block " + BRICK_BLOCKS + " beyond the end of brick b1");
    }
}
