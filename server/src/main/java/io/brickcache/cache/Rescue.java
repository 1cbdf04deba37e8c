package io.brickcache.cache;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.DirtyRegions;
import io.brickcache.cache.index.LostRange.Cause;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.env.Loop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What follows a failed sync of the SSD. The slots written since the last good one are in doubt for ever: a sync that is
 * tried again and succeeds proves nothing about them. So they get no record (they are <em>unrecorded</em>). Copies of the
 * disk are dropped. Dirty ones are read back, written to the disk, synced there, and forgotten; only then a FLUSH of their
 * brick is answered, and it is answered OK.
 *
 * <p>Meanwhile the records of the blocks in doubt: a clean predecessor is forgotten by the next commit, before the disk is
 * written (R3). A dirty one is <em>held</em>, obsolete, until the disk has what was in doubt (R4).
 *
 * <p>What cannot be read back, in {@link #ATTEMPTS} attempts, is lost: the FLUSH fails, once. Such a slot is recorded with a
 * checksum that nothing matches, so that the block is an error, after a restart too, until it is written again: if the SSD
 * gave its content later, nobody could say for how long.
 */
final class Rescue {

    static final int ATTEMPTS = 5;

    private static final long RETRY_NS = 1_000_000_000L;
    private static final int BATCH = 8;

    private final CacheCore core;
    private final List<Doubt> doubts = new ArrayList<>();
    private int syncFailures;
    private boolean busy;
    /** What is in doubt is not in the records: the last commit began after the last failed sync. */
    private boolean forgotten;

    private Loop.@Nullable Cancellable timer;

    /** What is in doubt of one brick. */
    private static final class Doubt {
        final CachedBrick brick;
        /** Dirty slots without a record; some may have been written around since. */
        int[] slots = new int[64];

        int count;
        /** Their predecessors, whose records are kept. */
        int[] held = new int[64];

        int heldCount;
        /** The next FLUSH has to be told that something was lost. */
        boolean lost;

        int attempts;
        final Deque<CommitListener> waiting = new ArrayDeque<>();

        Doubt(CachedBrick brick) {
            this.brick = brick;
        }

        boolean isSettled() {
            return count == 0 && heldCount == 0;
        }

        /** Also when all that is left is to tell a FLUSH what was lost before. */
        boolean isWanted() {
            return !isSettled() || !waiting.isEmpty();
        }
    }

    Rescue(CacheCore core) {
        this.core = core;
    }

    /** How often the SSD failed to sync: what was written to it about such a moment must not be mapped. */
    int syncFailures() {
        return syncFailures;
    }

    /** True if nothing is in doubt; a FLUSH may yet have to be told that something was lost. */
    boolean isIdle() {
        return doubts.stream().allMatch(Doubt::isSettled);
    }

    /** True if no record says of a block in doubt that the disk may not be written. */
    boolean isForgotten() {
        return forgotten;
    }

    /** Predecessors whose records are kept. */
    int held() {
        int held = 0;
        for (Doubt doubt : doubts) {
            held += doubt.heldCount;
        }
        return held;
    }

    /** True if the mapped slot of the place is dirty and in doubt. */
    boolean isInDoubt(long key) {
        int slot = core.map.find(key);
        return slot != SlotTable.NONE && core.slots.isUnrecorded(slot);
    }

    // ---- a sync failed

    /** The open epoch has everything that is not durable. */
    void syncFailed() {
        syncFailures++;
        forgotten = false;
        Epoch open = core.committer.open();
        open.wroteSlots = false;
        BitSet unsaved = new BitSet();
        int changed = open.changedCount;
        for (int i = 0; i < changed; i++) {
            int slot = open.changed[i];
            if (!unsaved.get(slot)) {
                unsaved.set(slot);
                doubt(slot);
            }
        }
        holdPredecessors(open);
        doubtBricks().forEach(brick -> {
            brick.awaiting().ssdSyncFailed(unsaved);
            brick.lost().doubtChanged();
        });
        for (int i = 0; i < changed; i++) {
            drop(open.changed[i]);
        }
        core.committer.commit(this::forgotten);
    }

    private List<CachedBrick> doubtBricks() {
        List<CachedBrick> bricks = new ArrayList<>();
        for (int id = 0; id < SlotTable.MAX_BRICKS; id++) {
            CachedBrick brick = core.brick(id);
            if (brick != null) {
                bricks.add(brick);
            }
        }
        return bricks;
    }

    private void doubt(int slot) {
        SlotTable slots = core.slots;
        if (slots.state(slot) == SlotTable.DIRTY && slots.isUncommitted(slot) && !slots.isUnrecorded(slot)) {
            slots.setUnrecorded(slot, true);
            Doubt doubt = of(core.brickOf(slot));
            if (doubt.count == doubt.slots.length) {
                doubt.slots = Arrays.copyOf(doubt.slots, 2 * doubt.count);
            }
            doubt.slots[doubt.count++] = slot;
            doubt.attempts = 0;
        }
    }

    /** Takes back that the dirty predecessors of what is in doubt are forgotten. */
    private void holdPredecessors(Epoch open) {
        int kept = 0;
        for (int i = 0; i < open.retiredCount; i++) {
            int slot = open.retired[i];
            if (!core.slots.wasDirty(slot) || core.slots.isUncommitted(slot)) {
                open.retired[kept++] = slot;
                continue;
            }
            long key = core.slots.key(slot);
            int successor = core.map.findObsolete(key);
            AwaitingSync awaiting = core.brickOf(slot).awaiting();
            if (isInDoubt(key)) {
                awaiting.hold(slot);
                hold(of(core.brickOf(slot)), slot);
            } else if (successor != SlotTable.NONE && core.slots.isUncommitted(successor)) {
                // Written around since: the sync of the disk that its successor awaits settles this one.
                awaiting.retract(successor);
                awaiting.hold(slot);
                awaiting.add(slot);
            } else {
                open.retired[kept++] = slot;
            }
        }
        open.retiredCount = kept;
    }

    private static void hold(Doubt doubt, int slot) {
        if (doubt.heldCount == doubt.held.length) {
            doubt.held = Arrays.copyOf(doubt.held, 2 * doubt.heldCount);
        }
        doubt.held[doubt.heldCount++] = slot;
    }

    /** What needs no rescue: copies of the disk, and dirty slots written around since. */
    private void drop(int slot) {
        SlotTable slots = core.slots;
        if (!slots.isUncommitted(slot)) {
            return;
        }
        if (slots.state(slot) == SlotTable.CLEAN) {
            core.retire(slot);
        } else if (slots.isObsolete(slot)) {
            core.brickOf(slot).awaiting().retract(slot);
        }
    }

    private void forgotten(IoStatus status) {
        if (!status.isOk()) {
            for (Doubt doubt : List.copyOf(doubts)) {
                answer(doubt);
            }
            core.loop.schedule(RETRY_NS, () -> {
                if (!core.health.isStopped()) {
                    core.committer.commit(this::forgotten);
                }
            });
            return;
        }
        forgotten = true;
        next();
    }

    // ---- the rescue

    /** True if something of the brick is in doubt. */
    boolean awaits(CachedBrick brick) {
        // Each FLUSH asks; looking through none would make an iterator.
        return !doubts.isEmpty() && find(brick) != null;
    }

    /** Runs the FLUSH of a brick when nothing of it is in doubt any more, or answers it with an error. */
    void flushWhenSettled(CachedBrick brick, CommitListener flush) {
        Doubt doubt = find(brick);
        if (doubt == null) {
            brick.flush(flush);
        } else {
            doubt.waiting.add(flush);
            next();
        }
    }

    private void next() {
        if (busy || !forgotten || doubts.isEmpty() || core.health.isStopped()) {
            return;
        }
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        busy = true;
        // A failed sync meanwhile adds to the last ones.
        Doubt doubt = doubts.remove(0);
        doubts.add(doubt);
        doubt.attempts++;
        doubt.brick.opStarted();
        sweep(doubt, 0);
    }

    private void sweep(Doubt doubt, int from) {
        int[] regions = regions(doubt, from);
        if (regions.length == 0) {
            swept(doubt);
            return;
        }
        doubt.brick.opStarted();
        new DemoteOp(
                        core,
                        doubt.brick,
                        regions,
                        DemoteOp.Purpose.RESCUE,
                        (blocks, skipped, status) -> sweep(doubt, regions[regions.length - 1] + 1))
                .start();
    }

    /** The next regions in which something is in doubt. */
    private int[] regions(Doubt doubt, int from) {
        DirtyRegions regions = doubt.brick.regions();
        BitSet wanted = new BitSet();
        for (int i = 0; forgotten && i < doubt.count; i++) {
            if (isOpen(doubt, i)) {
                wanted.set(regions.regionOf(core.slots.block(doubt.slots[i])));
            }
        }
        return wanted.stream().filter(region -> region >= from).limit(BATCH).toArray();
    }

    private boolean isOpen(Doubt doubt, int i) {
        int slot = doubt.slots[i];
        return core.slots.isUnrecorded(slot)
                && core.slots.state(slot) == SlotTable.DIRTY
                && core.slots.brick(slot) == doubt.brick.id();
    }

    /**
     * A slot in doubt cannot be read back, or not rightly.
     *
     * @param cause CHECKSUM: the SSD gave something, but not the content
     */
    void unreadable(CachedBrick brick, int slot, Cause cause) {
        if (cause != Cause.CHECKSUM && of(brick).attempts < ATTEMPTS) {
            return;
        }
        brick.counters().lostBlocks++;
        Doubt doubt = of(brick);
        doubt.lost = true;
        // In the same epoch: a place has one record.
        settleHeld(doubt, core.slots.key(slot));
        long block = core.slots.block(slot);
        long held = core.slots.validMask(slot);
        // What an obsolete slot of the block holds may not be safe on the disk: all is lost then.
        boolean whole = core.mustWriteAround(brick, block, held);
        long gone = whole ? brick.fullMask(block) : held;
        brick.lost().spoiled(block, gone, cause);
        core.slots.spoil(slot, gone);
        core.slots.setUnrecorded(slot, false);
        core.committer.changed(slot);
        core.supersedeObsolete(brick, block, slot);
    }

    /** The predecessor of what is lost has nothing to wait for. */
    private void settleHeld(Doubt doubt, long key) {
        int kept = 0;
        for (int i = 0; i < doubt.heldCount; i++) {
            if (core.slots.key(doubt.held[i]) == key) {
                core.settleObsolete(doubt.held[i]);
            } else {
                doubt.held[kept++] = doubt.held[i];
            }
        }
        doubt.heldCount = kept;
    }

    private void swept(Doubt doubt) {
        busy = false;
        int open = 0;
        for (int i = 0; i < doubt.count; i++) {
            if (isOpen(doubt, i)) {
                doubt.slots[open++] = doubt.slots[i];
            }
        }
        doubt.count = open;
        release(doubt);
        if (doubt.isSettled() || doubt.attempts >= ATTEMPTS) {
            answer(doubt);
        }
        doubt.brick.opDone();
        if (!doubt.isSettled()) {
            // What the disk does not take stays where it is.
            retry();
        } else if (doubts.stream().anyMatch(Doubt::isWanted)) {
            next();
        }
    }

    /** The predecessors of what is settled have done their service. */
    private void release(Doubt doubt) {
        int kept = 0;
        for (int i = 0; i < doubt.heldCount; i++) {
            int slot = doubt.held[i];
            if (isInDoubt(core.slots.key(slot))) {
                doubt.held[kept++] = slot;
            } else if (doubt.brick.sync().isUnsynced()) {
                doubt.brick.awaiting().add(slot);
            } else {
                core.settleObsolete(slot);
            }
        }
        doubt.heldCount = kept;
        doubt.brick.lost().doubtChanged();
    }

    /** Answers the flushes of a brick: what was lost is told to those that ask next, and to none after them. */
    private void answer(Doubt doubt) {
        boolean ok = doubt.isSettled() && !doubt.lost;
        Deque<CommitListener> waiting = new ArrayDeque<>(doubt.waiting);
        doubt.waiting.clear();
        doubt.lost &= waiting.isEmpty();
        if (doubt.isSettled() && !doubt.lost) {
            doubts.remove(doubt);
        }
        CommitListener flush;
        while ((flush = waiting.poll()) != null) {
            if (ok) {
                doubt.brick.flush(flush);
            } else {
                flush.committed(IoStatus.IO_ERROR);
            }
        }
    }

    private void retry() {
        if (timer == null) {
            timer = core.loop.schedule(RETRY_NS, () -> {
                timer = null;
                next();
            });
        }
    }

    private Doubt of(CachedBrick brick) {
        Doubt doubt = find(brick);
        if (doubt == null) {
            doubt = new Doubt(brick);
            doubts.add(doubt);
        }
        return doubt;
    }

    private @Nullable Doubt find(CachedBrick brick) {
        for (Doubt doubt : doubts) {
            if (doubt.brick == brick) {
                return doubt;
            }
        }
        return null;
    }
}
