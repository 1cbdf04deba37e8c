package io.brickcache.cache.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.env.Cores;
import io.brickcache.env.sim.SeededEntropy;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockMapTest {

    /**
     * Few slots and all of them in use, so that probes are long and deletions shift over the end of the array; every
     * place is asked for after every deletion.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 11, 12, 63, 64, 65, 300})
    void shouldFindWhatASimpleMapFindsWhenSlotsComeAndGo(int slotCount) {
        for (int seed = 0; seed < 8; seed++) {
            run(slotCount, new SeededEntropy(seed));
        }
    }

    private static void run(int slotCount, SeededEntropy entropy) {
        SlotTable slots = new SlotTable(slotCount, new BlockShape(4 << 10));
        BlockMap map = new BlockMap(slots);
        Map<Long, Integer> mapped = new HashMap<>();
        Map<Long, Integer> retired = new HashMap<>();
        long[] places = new long[slotCount + 8];
        for (int i = 0; i < places.length; i++) {
            places[i] = SlotTable.key(entropy.pick(0, 1, 255), entropy.nextLong(SlotTable.MAX_BLOCKS));
        }
        for (int round = 0; round < 40 * slotCount; round++) {
            int slot = entropy.nextInt(slotCount);
            switch (slots.state(slot)) {
                case SlotTable.FREE -> {
                    long key = places[entropy.nextInt(places.length)];
                    Integer old = mapped.get(key);
                    slots.map(slot, (int) (key >>> 56), key << 8 >>> 24, SlotTable.DIRTY, 1, 1);
                    map.add(slot);
                    mapped.put(key, slot);
                    if (old != null) {
                        slots.retire(old);
                        retired.merge(key, 1, Integer::sum);
                    }
                }
                case SlotTable.DIRTY -> {
                    mapped.remove(slots.key(slot));
                    retired.merge(slots.key(slot), 1, Integer::sum);
                    slots.retire(slot);
                }
                default -> {
                    retired.merge(slots.key(slot), -1, Integer::sum);
                    map.remove(slot);
                    slots.free(slot);
                }
            }
            if (round % 4 == 0) {
                for (long key : places) {
                    assertThat(map.find(key)).isEqualTo(mapped.getOrDefault(key, SlotTable.NONE));
                    assertThat(map.hasRetired(key)).isEqualTo(retired.getOrDefault(key, 0) > 0);
                }
            }
        }
    }

    @Test
    void shouldFindEverySlotWhenSeveralThreadsFillTheMap() {
        int parts = 8;
        int slotCount = parts * 20_011;
        SlotTable slots = new SlotTable(slotCount, new BlockShape(4 << 10));
        for (int slot = 0; slot < slotCount; slot++) {
            slots.map(slot, slot % 3, slot / 3, SlotTable.CLEAN, 0xFF, slot);
        }
        BlockMap map = new BlockMap(slots);

        Cores.each(parts, part -> {
            BlockMap.Filler filler = map.new Filler();
            for (int slot = part; slot < slotCount; slot += parts) {
                assertThat(filler.add(slot)).isTrue();
            }
            assertThat(filler.flush()).isTrue();
        });

        for (int slot = 0; slot < slotCount; slot++) {
            assertThat(map.find(slots.key(slot))).isEqualTo(slot);
        }
        for (int slot = 0; slot < slotCount; slot += 2) {
            map.remove(slot);
        }
        for (int slot = 0; slot < slotCount; slot++) {
            assertThat(map.find(slots.key(slot))).isEqualTo(slot % 2 == 0 ? SlotTable.NONE : slot);
        }
    }

    /** Of each pair just one side is refused, whoever comes first. */
    @Test
    void shouldRefuseOneOfTwoWhenThreadsBringSlotsOfOnePlace() {
        int places = 4001;
        for (int round = 0; round < 20; round++) {
            SlotTable slots = new SlotTable(2 * places, new BlockShape(4 << 10));
            for (int slot = 0; slot < 2 * places; slot++) {
                slots.map(slot, 1, slot % places, SlotTable.CLEAN, 0xFF, slot);
            }
            BlockMap map = new BlockMap(slots);
            int[] refused = new int[2];

            Cores.each(2, part -> {
                for (int i = 0; i < places; i++) {
                    BlockMap.Filler filler = map.new Filler();
                    int slot = part * places + i;
                    filler.add(slot);
                    if (!filler.flush()) {
                        assertThat(filler.claimant()).isEqualTo(slot);
                        assertThat(filler.claimed()).isEqualTo((slot + places) % (2 * places));
                        refused[part]++;
                    }
                }
            });

            assertThat(refused[0] + refused[1]).isEqualTo(places);
        }
    }

    @Test
    void shouldKeepEveryPlaceWhenAllSlotsAreInUse() {
        int slotCount = 10_000;
        SlotTable slots = new SlotTable(slotCount, new BlockShape(4 << 10));
        BlockMap map = new BlockMap(slots);
        for (int slot = 0; slot < slotCount; slot++) {
            slots.map(slot, 7, slot * 3L, SlotTable.CLEAN, 0xFF, slot);
            map.add(slot);
        }
        for (int slot = 0; slot < slotCount; slot += 2) {
            map.remove(slot);
            slots.clear(slot);
        }

        for (int slot = 0; slot < slotCount; slot++) {
            int expected = slot % 2 == 0 ? SlotTable.NONE : slot;
            assertThat(map.find(SlotTable.key(7, slot * 3L))).isEqualTo(expected);
        }
    }

    @Test
    void shouldRefuseToRemoveWhatIsNotThere() {
        SlotTable slots = new SlotTable(4, new BlockShape(4 << 10));
        BlockMap map = new BlockMap(slots);
        slots.map(0, 1, 2, SlotTable.CLEAN, 1, 1);
        slots.map(1, 1, 2, SlotTable.CLEAN, 1, 1);
        map.add(0);

        assertThatThrownBy(() -> map.remove(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("slot 1");
        assertThat(map.find(SlotTable.key(1, 2))).isZero();
    }
}
