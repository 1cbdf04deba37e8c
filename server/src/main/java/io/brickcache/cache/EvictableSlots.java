package io.brickcache.cache;

import io.brickcache.cache.index.SlotTable;
import io.brickcache.cache.policy.EvictionPolicy;

/** What the eviction policy may know of slots, and which it may choose (R6). */
final class EvictableSlots implements EvictionPolicy.Slots {

    private final SlotTable slots;
    private final PlantedBug bug;

    EvictableSlots(SlotTable slots, PlantedBug bug) {
        this.slots = slots;
        this.bug = bug;
    }

    @Override
    public boolean isEvictable(int slot) {
        return slots.state(slot) == SlotTable.CLEAN && !slots.isVolatile(slot)
                || bug == PlantedBug.EVICTS_DIRTY && slots.isMapped(slot);
    }

    @Override
    public long placeHash(int slot) {
        // Finalizer of MurmurHash3, with another constant than the block map's.
        long h = slots.key(slot) ^ 0x9E3779B97F4A7C15L;
        h ^= h >>> 33;
        h *= 0xff51afd7ed558ccdL;
        h ^= h >>> 33;
        h *= 0xc4ceb9fe1a85ec53L;
        return h ^ h >>> 33;
    }
}
