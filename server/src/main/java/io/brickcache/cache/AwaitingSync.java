package io.brickcache.cache;

import io.brickcache.cache.index.SlotTable;
import io.brickcache.env.Loop;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * The slots of one brick whose records may change only when its disk has been synced: obsolete ones, dirty until a write
 * around them is safe (R4), and volatile ones, clean copies of what may not be on the platters yet. They are in no epoch
 * until then, so that a disk which fails or hangs holds up nobody but its own brick.
 *
 * <p>A slot is in the list at most once, and is not freed while it is. Every entry was added after the disk answered what
 * it waits for, hence the first sync that begins afterwards settles it.
 */
final class AwaitingSync implements DiskSync.Listener {

    /** A sync that failed is tried again after so many commit intervals, doubled up to {@link #MAX_RETRY_INTERVALS}. */
    private static final int MIN_RETRY_INTERVALS = 2;

    private static final int MAX_RETRY_INTERVALS = 64;

    private final CacheCore core;
    private final DiskSync disk;
    private int[] slots = new int[64];
    private int count;
    /** Entries that the sync under way settles. */
    private int marked;

    private int obsolete;
    private int retryIntervals = 1;
    private Loop.@Nullable Cancellable timer;
    private boolean closed;

    AwaitingSync(CacheCore core, DiskSync disk) {
        this.core = core;
        this.disk = disk;
    }

    /** A slot whose record may change after the next sync. */
    void add(int slot) {
        if (count == slots.length) {
            slots = Arrays.copyOf(slots, 2 * count);
        }
        slots[count++] = slot;
        core.awaitingSlots++;
        startTimer();
    }

    /** A mapped dirty slot becomes obsolete. */
    void makeObsolete(int slot) {
        core.slots.obsolete(slot);
        obsolete++;
    }

    /** A retired slot that was dirty is obsolete again: its record is kept. */
    void hold(int slot) {
        core.slots.hold(slot);
        obsolete++;
    }

    /**
     * An obsolete slot is an ordinary retired one from now on: a newer slot holds all of its block, or it never got a record, or
     * the disk has been synced.
     */
    void retract(int slot) {
        core.slots.settle(slot);
        obsolete--;
    }

    /**
     * The SSD failed to sync what was written to it lately: copies of the disk are dropped, and obsolete slots whose
     * successors are in doubt are kept again.
     *
     * @param unsaved slots whose last change is not durable
     */
    void ssdSyncFailed(BitSet unsaved) {
        for (int i = 0; i < count; i++) {
            int slot = slots[i];
            if (core.slots.isVolatile(slot)) {
                core.retire(slot);
            } else if (core.slots.wasDirty(slot)
                    && !core.slots.isObsolete(slot)
                    && !core.slots.isUncommitted(slot)
                    && unsaved.get(slot)
                    && core.rescue.isInDoubt(core.slots.key(slot))) {
                hold(slot);
            }
        }
    }

    /** True if some block of the brick has an obsolete slot. */
    boolean hasObsolete() {
        return obsolete > 0;
    }

    /** Blocks whose durable record is dirty although the disk has something newer, not synced yet. */
    int obsolete() {
        return obsolete;
    }

    int size() {
        return count;
    }

    /** Slots are wanted: the sync is not put off any longer. */
    void hurry() {
        if (count > 0 && disk.isIdle() && retryIntervals == 1) {
            sync();
        }
    }

    /** No more syncs on its own account. */
    void close() {
        closed = true;
        cancelTimer();
    }

    private void startTimer() {
        if (timer == null && !closed) {
            timer = core.loop.schedule(retryIntervals * core.commitIntervalNs, () -> {
                timer = null;
                sync();
            });
        }
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private void sync() {
        if (count > 0) {
            disk.sync(status -> {});
        }
    }

    @Override
    public void syncStarts() {
        marked = count;
    }

    @Override
    public void syncEnds(boolean synced) {
        retryIntervals = synced ? 1 : Math.min(MAX_RETRY_INTERVALS, MIN_RETRY_INTERVALS * retryIntervals);
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (i >= marked || !settle(slots[i], synced)) {
                slots[kept++] = slots[i];
            }
        }
        int settled = count - kept;
        core.awaitingSlots -= settled;
        count = kept;
        if (settled > 0) {
            // With all that is free kept for writes, and nothing to evict before, nobody else would ask for more.
            core.freePool.refill();
        }
        cancelTimer();
        if (count > 0) {
            startTimer();
        }
    }

    /** False if the slot has to wait for another sync. */
    private boolean settle(int slot, boolean synced) {
        if (core.slots.isObsolete(slot)) {
            if (!synced) {
                return false;
            }
            core.settleObsolete(slot);
        } else if (core.slots.state(slot) == SlotTable.RETIRED) {
            core.committer.retired(slot);
        } else if (synced) {
            core.settleVolatile(slot);
        } else {
            // What the disk gave may not be what it keeps.
            core.dropVolatile(slot);
        }
        return true;
    }
}
