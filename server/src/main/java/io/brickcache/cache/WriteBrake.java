package io.brickcache.cache;

import io.brickcache.env.Loop;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Holds back writes that would have to go around the cache although there will be room soon: while it is nearly full of
 * dirty blocks and the disk of their brick is taking some away, and while a commit is about to free slots. A write around
 * the cache positions the disk for itself; demotion writes many blocks for one positioning, and the room it makes serves the
 * write sooner. Blocks that were read keep the rest of the cache.
 *
 * <p>It never stops anybody for good: a write waits a second at most from the last time that its brick's demotion
 * advanced, or for slots; then it goes on, and around the cache if need be (R6).
 */
final class WriteBrake {

    private static final long PATIENCE_NS = 1_000_000_000L;
    private static final long LOOK_NS = 50_000_000L;

    private final CacheCore core;
    private final int highMark;
    private final int mark;
    private final Deque<WriteOp> held = new ArrayDeque<>();
    private Loop.@Nullable Cancellable timer;

    /**
     * A little above the high mark, from which demotion runs at full speed: bursts still fit, and the rest of the cache is
     * left to what was read.
     *
     * @param highPercent the high mark
     */
    WriteBrake(CacheCore core, int highPercent) {
        this.core = core;
        this.highMark = (int) (core.slots.slots() * (long) highPercent / 100);
        this.mark = (int) (core.slots.slots() * (100 + 3L * highPercent) / 400);
    }

    /** True if so much is dirty that writes wait, or are going to. */
    boolean isNear() {
        return core.dirtySlots() >= highMark;
    }

    /** True if the write has to wait; it is resumed. */
    boolean holds(WriteOp op) {
        if (fits(op)) {
            return false;
        }
        op.heldAtNs = core.loop.clock().nanoTime();
        if (!isWorthWaiting(op)) {
            return false;
        }
        held.add(op);
        startTimer();
        return true;
    }

    /** Blocks became clean, or slots free. */
    void eased() {
        int admitted = 0;
        while (!held.isEmpty() && core.dirtySlots() + admitted < mark && admitted <= core.allocator.freeCount()) {
            WriteOp op = held.remove();
            admitted += op.part().blocks();
            core.loop.execute(op.resumption());
        }
    }

    private boolean fits(WriteOp op) {
        return core.dirtySlots() < mark
                && core.allocator.freeCount() >= op.part().blocks();
    }

    private boolean isWorthWaiting(WriteOp op) {
        return core.takesSlots() && (core.dirtySlots() < mark ? comesFree(op) : advances(op));
    }

    /** True if a commit is going to free slots, and has not been waited for in vain. */
    private boolean comesFree(WriteOp op) {
        core.freePool.refill();
        return core.committer.pendingRetired() > 0 && core.loop.clock().nanoTime() - op.heldAtNs < PATIENCE_NS;
    }

    private boolean advances(WriteOp op) {
        CachedBrick brick = op.part().brick();
        return brick.regions().dirtyBlocks() > 0 && core.loop.clock().nanoTime() - brick.demotedAtNs() < PATIENCE_NS;
    }

    private void startTimer() {
        if (timer == null) {
            timer = core.loop.schedule(LOOK_NS, this::look);
        }
    }

    private void look() {
        timer = null;
        eased();
        for (int i = held.size(); i > 0; i--) {
            WriteOp op = held.remove();
            if (isWorthWaiting(op)) {
                held.add(op);
            } else {
                core.loop.execute(op.resumption());
            }
        }
        if (!held.isEmpty()) {
            startTimer();
        }
    }
}
