package io.brickcache.cache;

import io.brickcache.cache.index.LostRange;
import io.brickcache.cache.index.SlotTable;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Checks the invariants of docs/invariants.md by looking at every slot. */
final class StructureCheck {

    private final CacheCore core;
    private final List<CachedBrick> bricks;

    StructureCheck(CacheCore core, List<CachedBrick> bricks) {
        this.core = core;
        this.bricks = bricks;
    }

    void run(boolean quiet) {
        long[] dirty = new long[SlotTable.MAX_BRICKS];
        long[] cached = new long[SlotTable.MAX_BRICKS];
        int[] obsolete = new int[SlotTable.MAX_BRICKS];
        Set<Long> recorded = new HashSet<>();
        int mapped = 0;
        int retired = 0;
        int volatiles = 0;
        int free = 0;
        int taken = 0;
        SlotTable slots = core.slots;
        for (int slot = 0; slot < slots.slots(); slot++) {
            boolean isFree = core.allocator.isFree(slot);
            switch (slots.state(slot)) {
                case SlotTable.FREE -> {
                    free += isFree ? 1 : 0;
                    taken += isFree ? 0 : 1;
                }
                case SlotTable.RETIRED -> {
                    check(!isFree, "I2: slot " + slot + " is retired and free");
                    retired++;
                    obsolete[slots.brick(slot)] += slots.isObsolete(slot) ? 1 : 0;
                }
                default -> {
                    check(!isFree, "I2: slot " + slot + " is mapped and free");
                    check(core.map.find(slots.key(slot)) == slot, "I1: slot " + slot + " is not what its place finds");
                    check(
                            (slots.validMask(slot) & ~core.brickOf(slot).fullMask(slots.block(slot))) == 0,
                            "I3: slot " + slot + " is valid beyond its brick");
                    check(slots.validMask(slot) != 0, "I3: slot " + slot + " holds nothing");
                    mapped++;
                    volatiles += slots.isVolatile(slot) ? 1 : 0;
                    cached[slots.brick(slot)]++;
                    dirty[slots.brick(slot)] += slots.state(slot) == SlotTable.DIRTY ? 1 : 0;
                }
            }
            check(
                    !slots.isRecorded(slot) || recorded.add(slots.key(slot)),
                    "I13: slot " + slot + " is not the only one that is recorded of its place");
            check(
                    !quiet || !core.rescue.isIdle() || !slots.isUnrecorded(slot),
                    "I10: slot " + slot + " is without a record");
            check(!quiet || !slots.isDemoting(slot), "I6: slot " + slot + " is marked by no demotion");
        }
        check(
                free == core.allocator.freeCount(),
                "I2: " + free + " slots are free, counted " + core.allocator.freeCount());
        check(mapped == core.mappedSlots(), "I1: " + mapped + " slots are mapped, counted " + core.mappedSlots());
        int inLists = bricks.stream().mapToInt(brick -> brick.awaiting().size()).sum();
        check(inLists == core.awaitingSlots, "I5: " + inLists + " slots await a sync, counted " + core.awaitingSlots);
        check(
                retired + volatiles == core.committer.pendingRetired() + inLists + core.rescue.held(),
                "I5: " + retired + " slots are retired, " + volatiles + " volatile; epochs know of "
                        + core.committer.pendingRetired() + ", " + inLists + " await a sync");
        for (CachedBrick brick : bricks) {
            check(
                    dirty[brick.id()] == brick.regions().dirtyBlocks(),
                    "I4: brick " + brick.name() + " has " + dirty[brick.id()] + " dirty blocks, its regions know of "
                            + brick.regions().dirtyBlocks());
            check(
                    cached[brick.id()] == brick.cachedBlocks,
                    "I4: brick " + brick.name() + " has " + cached[brick.id()] + " cached blocks, counted "
                            + brick.cachedBlocks);
            check(
                    obsolete[brick.id()] == brick.awaiting().obsolete(),
                    "I4: brick " + brick.name() + " has " + obsolete[brick.id()] + " obsolete blocks, counted "
                            + brick.awaiting().obsolete());
            checkLost(brick);
            check(!quiet || brick.isQuiet(), "I6: brick " + brick.name() + " has something under way");
        }
        if (quiet) {
            check(taken == 0, "I2: " + taken + " slots were taken and never given back");
            check(
                    core.scratch.usedBytes() + core.merging.usedBytes() == 0,
                    "I6: " + (core.scratch.usedBytes() + core.merging.usedBytes())
                            + " bytes of memory are not given back");
        }
    }

    /** By slot and not by block: a range may be as long as a disk. */
    private void checkLost(CachedBrick brick) {
        if (!brick.lost().hasGone()) {
            return;
        }
        SlotTable slots = core.slots;
        for (int slot = 0; slot < slots.slots(); slot++) {
            if (slots.isMapped(slot) && slots.brick(slot) == brick.id()) {
                checkLost(brick, slot);
            }
        }
    }

    private void checkLost(CachedBrick brick, int slot) {
        long start = core.slots.block(slot) << core.shape.blockShift();
        long end = start + core.shape.blockBytes();
        for (LostRange range : brick.lost().from(start, core.shape.unitsPerBlock() + 1)) {
            if (range.state() == LostRange.State.GONE && range.offset() < end) {
                int from = (int) Math.max(0, range.offset() - start);
                int to = (int) Math.min(core.shape.blockBytes(), range.end() - start);
                check(
                        (core.slots.validMask(slot) & core.shape.cover(from, to)) == 0,
                        "I8: slot " + slot + " holds what is gone of block " + core.slots.block(slot) + " of brick "
                                + brick.name());
            }
        }
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("invariant violated: " + what);
        }
    }
}
