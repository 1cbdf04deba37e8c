package io.brickcache.cache.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.env.sim.SeededEntropy;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartialMasksTest {

    @ParameterizedTest
    @ValueSource(ints = {8, 40, 1_000, 1 << 30})
    void shouldEqualAMapWhenUsedAtRandom(int slotRange) {
        SeededEntropy entropy = new SeededEntropy(slotRange);
        PartialMasks masks = new PartialMasks();
        Map<Integer, Long> model = new HashMap<>();
        int[] slots = new int[300];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = entropy.nextInt(slotRange);
        }
        for (int round = 0; round < 20_000; round++) {
            int slot = slots[entropy.nextInt(slots.length)];
            if (entropy.chance(round / 2_000 % 2 == 0 ? 0.7 : 0.3)) {
                long mask = entropy.nextLong();
                masks.put(slot, mask);
                model.put(slot, mask);
            } else {
                masks.remove(slot);
                model.remove(slot);
            }
            if (round % 50 == 0) {
                model.forEach((s, mask) -> assertThat(masks.get(s)).isEqualTo(mask));
            }
        }
    }

    @Test
    void shouldRefuseASlotThatItDoesNotKnow() {
        PartialMasks masks = new PartialMasks();
        masks.put(5, 77);
        masks.remove(5);

        assertThatThrownBy(() -> masks.get(5))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("slot 5");
    }

    @Test
    void shouldNotGrowWhenFewSlotsComeAndGo() {
        PartialMasks masks = new PartialMasks();
        long empty = masks.memoryBytes();
        for (int slot = 0; slot < 100_000; slot++) {
            masks.put(slot, slot);
            masks.put(slot, ~slot);
            masks.remove(slot);
        }

        assertThat(masks.memoryBytes()).isEqualTo(empty);
    }
}
