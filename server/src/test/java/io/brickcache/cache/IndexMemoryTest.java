package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.data.SlotAllocator;
import io.brickcache.cache.index.BlockMap;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.cache.policy.EvictionPolicy;
import io.brickcache.cache.policy.S3Fifo;
import org.junit.jupiter.api.Test;

class IndexMemoryTest {

    private static final int SLOTS = 1 << 20;
    private static final int LIMIT_BYTES = 24;

    /** Nothing is mapped. */
    private static final class NoSlots implements EvictionPolicy.Slots {
        @Override
        public boolean isEvictable(int slot) {
            return false;
        }

        @Override
        public long placeHash(int slot) {
            return slot;
        }
    }

    @Test
    void shouldTakeNoMoreThanItsShareOfBytesWhenBlocksAreOf4KiB() {
        SlotTable slots = new SlotTable(SLOTS, new BlockShape(4096));
        BlockMap map = new BlockMap(slots);
        SlotAllocator allocator = new SlotAllocator(SLOTS);
        EvictionPolicy policy = new S3Fifo(SLOTS, slots, new NoSlots());

        double bytes =
                (double) (slots.memoryBytes() + map.memoryBytes() + allocator.memoryBytes() + policy.memoryBytes())
                        / SLOTS;

        System.out.printf("index: %.1f bytes a slot%n", bytes);
        assertThat(bytes).isLessThanOrEqualTo(LIMIT_BYTES);
    }
}
