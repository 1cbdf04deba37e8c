package io.brickcache.cache.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.env.sim.SeededEntropy;
import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotAllocatorTest {

    @Test
    void shouldHaveNothingWhenNothingWasFreed() {
        SlotAllocator allocator = new SlotAllocator(100);

        assertThat(allocator.freeCount()).isZero();
        assertThat(allocator.allocateRun(1)).isEqualTo(-1);
    }

    @Test
    void shouldGoOnBehindTheLastRunWhenEarlierSlotsAreFreeToo() {
        SlotAllocator allocator = allFree(200);
        expectRun(allocator, 60, 0, 60);
        allocator.free(10);

        expectRun(allocator, 10, 60, 10);
    }

    @Test
    void shouldEndARunAtTheLastSlotAndGoOnAtTheFirst() {
        SlotAllocator allocator = allFree(130);
        expectRun(allocator, 125, 0, 125);
        allocator.free(0);
        allocator.free(1);

        expectRun(allocator, 20, 125, 5);
        expectRun(allocator, 20, 0, 2);
        assertThat(allocator.allocateRun(20)).isEqualTo(-1);
    }

    @Test
    void shouldComeRoundToTheWordItBeganInWhenOnlyThatHasFreeSlots() {
        SlotAllocator allocator = allFree(192);
        expectRun(allocator, 100, 0, 100);
        expectRun(allocator, 92, 100, 92);
        allocator.free(70);
        expectRun(allocator, 1, 70, 1);
        allocator.free(65);

        expectRun(allocator, 4, 65, 1);
    }

    @Test
    void shouldRefuseToFreeAFreeSlot() {
        SlotAllocator allocator = allFree(70);

        assertThatThrownBy(() -> allocator.free(64))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("slot 64");
        assertThat(allocator.freeCount()).isEqualTo(70);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 63, 64, 65, 200, 1024})
    void shouldEqualASetOfBitsWhenUsedAtRandom(int slots) {
        SeededEntropy entropy = new SeededEntropy(slots);
        SlotAllocator allocator = new SlotAllocator(slots);
        BitSet model = new BitSet();
        int cursor = 0;
        for (int round = 0; round < 5_000; round++) {
            if (entropy.chance(0.5)) {
                int wanted = entropy.between(1, 40);
                long run = allocator.allocateRun(wanted);
                if (model.isEmpty()) {
                    assertThat(run).isEqualTo(-1);
                } else {
                    int start = model.nextSetBit(cursor);
                    start = start < 0 ? model.nextSetBit(0) : start;
                    int end = Math.min(start + wanted, model.nextClearBit(start));
                    assertThat(SlotAllocator.runStart(run)).isEqualTo(start);
                    assertThat(SlotAllocator.runLength(run)).isEqualTo(end - start);
                    model.clear(start, end);
                    cursor = end == slots ? 0 : end;
                }
            } else {
                for (int i = entropy.nextInt(30); i >= 0; i--) {
                    int slot = entropy.nextInt(slots);
                    if (!model.get(slot)) {
                        allocator.free(slot);
                        model.set(slot);
                    }
                }
            }
            int asked = entropy.nextInt(slots);
            assertThat(allocator.isFree(asked)).isEqualTo(model.get(asked));
            assertThat(allocator.freeCount()).isEqualTo(model.cardinality());
        }
    }

    private static SlotAllocator allFree(int slots) {
        SlotAllocator allocator = new SlotAllocator(slots);
        for (int slot = 0; slot < slots; slot++) {
            allocator.free(slot);
        }
        return allocator;
    }

    private static void expectRun(SlotAllocator allocator, int wanted, int start, int length) {
        long run = allocator.allocateRun(wanted);
        assertThat(SlotAllocator.runStart(run)).isEqualTo(start);
        assertThat(SlotAllocator.runLength(run)).isEqualTo(length);
    }
}
