package io.brickcache.cache;

import io.brickcache.cache.index.BlockMap;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.MetadataStore.Visitor;
import io.brickcache.cache.index.SlotRecords;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.env.Cores;
import java.util.ArrayList;
import java.util.List;

/**
 * Builds the index of a cache from its records, on all processors: first the slots from their groups, each part of the cache
 * for itself; then, when the journal has been read over them, the map, with the checks that need all slots.
 */
final class IndexLoader {

    /** Smaller parts are not worth a thread. */
    private static final int MIN_PART_SLOTS = 1 << 16;
    /** So that a part that takes longer does not keep the other processors waiting. */
    private static final int PARTS_PER_CORE = 4;

    private IndexLoader() {}

    /** Slots of a part; whole groups. The parts of a small cache do not depend on the machine: there is one. */
    private static int partSlots(int slots) {
        int wanted = Math.max(MIN_PART_SLOTS, slots / (PARTS_PER_CORE * Cores.count()));
        return (wanted + SlotRecords.GROUP_SLOTS - 1) / SlotRecords.GROUP_SLOTS * SlotRecords.GROUP_SLOTS;
    }

    private static int parts(int slots) {
        int part = partSlots(slots);
        return (int) (((long) slots + part - 1) / part);
    }

    /** Reads the groups of all slots into the table, which is empty. */
    static void loadGroups(MetadataStore store, SlotTable slots, BlockShape shape) throws MetadataException {
        int groups = partSlots(slots.slots()) / SlotRecords.GROUP_SLOTS;
        List<byte[]> bounds = new ArrayList<>();
        List<Visitor> visitors = new ArrayList<>();
        for (int part = 0; part < parts(slots.slots()); part++) {
            if (part > 0) {
                bounds.add(SlotRecords.groupKey(part * groups));
            }
            visitors.add(new SlotRecords(slots, shape)::loadGroup);
        }
        store.scan(Family.SLOTS, bounds, visitors);
    }

    /**
     * Fills the map, the free slots, the policy and the dirty regions from the slots; all are empty.
     *
     * @param recoveredTick since when dirty blocks count as dirty
     * @throws MetadataException CORRUPT if a slot belongs to no brick, lies beyond its end, or has the place of another
     */
    static void index(CacheCore core, int recoveredTick) throws MetadataException {
        int slots = core.slots.slots();
        int part = partSlots(slots);
        Cores.each(parts(slots), number -> {
            int from = number * part;
            map(core, from, (int) Math.min(slots, (long) from + part));
        });
        // Each in the order of the slots, the two side by side: they write nothing in common.
        Cores.each(2, pass -> {
            if (pass == 0) {
                enter(core);
            } else {
                count(core, recoveredTick);
            }
        });
    }

    private static void enter(CacheCore core) {
        for (int slot = 0; slot < core.slots.slots(); slot++) {
            if (core.slots.state(slot) != SlotTable.FREE) {
                core.enterRestored(slot);
            }
        }
    }

    private static void count(CacheCore core, int recoveredTick) {
        for (int slot = 0; slot < core.slots.slots(); slot++) {
            if (core.slots.state(slot) == SlotTable.FREE) {
                core.allocator.free(slot);
            } else {
                core.countRestored(slot, recoveredTick);
            }
        }
    }

    private static void map(CacheCore core, int from, int to) throws MetadataException {
        SlotTable slots = core.slots;
        BlockMap.Filler filler = core.map.new Filler();
        for (int slot = from; slot < to; slot++) {
            if (slots.state(slot) != SlotTable.FREE) {
                check(core, slot);
                if (!filler.add(slot)) {
                    break;
                }
            }
        }
        if (!filler.flush()) {
            int slot = filler.claimant();
            throw corrupt("slots " + filler.claimed() + " and " + slot + " both claim block " + slots.block(slot)
                    + " of brick " + core.brickOf(slot).name());
        }
    }

    private static void check(CacheCore core, int slot) throws MetadataException {
        SlotTable slots = core.slots;
        CachedBrick brick = core.brick(slots.brick(slot));
        if (brick == null) {
            throw corrupt("slot " + slot + " belongs to brick " + slots.brick(slot) + ", which is not known");
        }
        long left = brick.geometry().sizeBytes() - (slots.block(slot) << core.shape.blockShift());
        if (left <= 0) {
            throw corrupt(
                    "slot " + slot + " holds block " + slots.block(slot) + " beyond the end of brick " + brick.name());
        }
        if (left < core.shape.blockBytes() && (slots.validMask(slot) & ~brick.fullMask(slots.block(slot))) != 0) {
            throw corrupt("slot " + slot + " holds units of block " + slots.block(slot) + " beyond the end of brick "
                    + brick.name());
        }
    }

    private static MetadataException corrupt(String message) {
        return new MetadataException(Kind.CORRUPT, message);
    }
}
