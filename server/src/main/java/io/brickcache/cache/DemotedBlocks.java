package io.brickcache.cache;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.DemoteOp.Purpose;
import io.brickcache.cache.index.SlotTable;
import java.util.function.Consumer;

/**
 * The blocks of one demotion that the disk has answered, and what makes them clean (R4): a sync that begins afterwards.
 * There is one at the end; and while the cache is so full that writes wait for demotion, one for each portion
 * ({@link DemotionPace}), so that they go on steadily and not all at the end. The next portion is written meanwhile, and
 * not more than one. After a sync that failed nothing becomes clean any more.
 */
final class DemotedBlocks {

    private final CacheCore core;
    private final CachedBrick brick;
    private final Purpose purpose;
    private final Runnable onEased;
    private final Consumer<IoStatus> onSynced = this::synced;
    private final int[] slots;
    private final long[] blocks;
    private int count;
    /** Blocks that have been dealt with, and those that the sync under way is for. */
    private int settled;

    private int covered;
    private boolean syncing;
    private boolean ending;
    private boolean ended;
    private IoStatus status = IoStatus.OK;
    private int cleaned;
    private int skipped;
    /** Writes answered since the last sync began, and those before. */
    private int writes;

    private int coveredWrites;
    /** When the last sync began, or the demotion, and since when the disk works on what the sync under way is for. */
    private long beganNs;

    private long busySinceNs;

    /**
     * Nothing is written yet.
     *
     * @param most blocks of the demotion at most
     * @param onEased runs after each sync: {@link #isFull} may have changed, and {@link #isEnded}
     */
    DemotedBlocks(CacheCore core, CachedBrick brick, Purpose purpose, int most, Runnable onEased) {
        this.core = core;
        this.brick = brick;
        this.purpose = purpose;
        this.onEased = onEased;
        this.slots = new int[most];
        this.blocks = new long[most];
    }

    /** The writes of the demotion begin. */
    void begin() {
        beganNs = now();
        busySinceNs = beganNs;
    }

    /** The disk has all of a block that was marked. */
    void add(int slot, long block) {
        slots[count] = slot;
        blocks[count++] = block;
    }

    /** The disk has answered a write, well or not; called after {@link #add} for its blocks. */
    void answered() {
        writes++;
        if (isDue()) {
            sync();
        }
    }

    /**
     * True if enough is written until the sync under way is done.
     *
     * @param underWay writes that have not been answered
     */
    boolean isFull(int underWay) {
        // What a sync that has not begun is for keeps the disk busy as well.
        int ahead = brick.sync().isQueued() ? coveredWrites : 0;
        return syncing && core.brake.isNear() && brick.demotionPace().isPortion(ahead + writes + underWay);
    }

    /** Nothing more is written: settles the rest. */
    void end() {
        ending = true;
        settleRest();
    }

    /** True if all are clean, or dirty for good. */
    boolean isEnded() {
        return ended;
    }

    /** False if the disk could not be synced. */
    boolean isSynced() {
        return status.isOk();
    }

    IoStatus status() {
        return status;
    }

    /** Blocks that became clean. */
    int cleaned() {
        return cleaned;
    }

    /** Blocks that got a new slot meanwhile. */
    int skipped() {
        return skipped;
    }

    private boolean isDue() {
        return !syncing
                && status.isOk()
                && count > settled
                && core.brake.isNear()
                && (brick.demotionPace().isPortion(writes)
                        || brick.demotionPace().isOver(now() - beganNs));
    }

    private void settleRest() {
        if (syncing || ended) {
            return;
        }
        if (count > settled && status.isOk()) {
            sync();
        } else {
            keepDirty();
            ended = true;
            onEased.run();
        }
    }

    private void sync() {
        syncing = true;
        covered = count;
        coveredWrites = writes;
        writes = 0;
        beganNs = now();
        if (core.bug == PlantedBug.CLEANS_WITHOUT_SYNC) {
            synced(IoStatus.OK);
        } else {
            brick.sync().sync(onSynced);
        }
    }

    private void synced(IoStatus syncStatus) {
        syncing = false;
        status = status.and(syncStatus);
        if (core.bug == PlantedBug.CLEANS_WHAT_THE_SYNC_MISSED) {
            covered = count;
        }
        if (status.isOk()) {
            settle();
            long nowNs = now();
            brick.demotionPace().took(coveredWrites, nowNs - busySinceNs);
            busySinceNs = nowNs;
        } else {
            keepDirty();
        }
        core.freePool.refill();
        core.brake.eased();
        if (ending) {
            settleRest();
        } else {
            if (isDue()) {
                sync();
            }
            onEased.run();
        }
    }

    private void settle() {
        int before = cleaned;
        for (; settled < covered; settled++) {
            int slot = slots[settled];
            if (!isStillMarked(slot, blocks[settled])) {
                // A new slot meanwhile, perhaps with the same content: by a read that made a partial block whole.
                skipped++;
            } else if (purpose == Purpose.RESCUE) {
                core.retire(slot);
                brick.counters().rescuedBlocks++;
            } else {
                core.clean(slot);
                cleaned++;
            }
        }
        brick.counters().demotedBlocks += cleaned - before;
    }

    /** Also what was answered while a sync was under way that failed: nobody knows what that took along. */
    private void keepDirty() {
        for (; settled < count; settled++) {
            if (isStillMarked(slots[settled], blocks[settled])) {
                core.slots.setDemoting(slots[settled], false);
            } else {
                skipped++;
            }
        }
    }

    /**
     * False if the slot was retired since it was marked, whatever became of it then: given away it has another block, or no
     * mark, or the mark of a rescue beside this demotion. A brick has one of each at a time, which marks a block once; a
     * rescue takes the slots without records, other demotions those with one.
     */
    boolean isStillMarked(int slot, long block) {
        return core.slots.isDemoting(slot)
                && core.slots.key(slot) == SlotTable.key(brick.id(), block)
                && core.slots.isUnrecorded(slot) == (purpose == Purpose.RESCUE);
    }

    private long now() {
        return core.loop.clock().nanoTime();
    }
}
