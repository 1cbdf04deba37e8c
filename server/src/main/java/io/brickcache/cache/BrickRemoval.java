package io.brickcache.cache;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.Cache.Forget;
import io.brickcache.cache.index.LostRanges;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.RegionHeat;
import io.brickcache.cache.index.SlotTable;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Takes bricks, or what the cache has of them, out of a cache. */
final class BrickRemoval {

    /** Slots looked at in one round of the loop. */
    private static final int STRIDE = 1 << 16;

    private final CacheCore core;
    private final Consumer<CachedBrick> onRemoved;

    BrickRemoval(CacheCore core, Consumer<CachedBrick> onRemoved) {
        this.core = core;
        this.onRemoved = onRemoved;
    }

    /**
     * Waits for the requests of the brick, syncs its disk, forgets its blocks and the brick itself.
     *
     * @param allowed asked when it has no requests any more: false for INVALID, everything as before
     */
    void detach(CachedBrick brick, BooleanSupplier allowed, Consumer<IoStatus> done) {
        brick.drain(() -> {
            if (allowed.getAsBoolean()) {
                forgetAll(brick, done);
            } else {
                brick.resume();
                done.accept(IoStatus.INVALID);
            }
        });
    }

    private void forgetAll(CachedBrick brick, Consumer<IoStatus> done) {
        // After this no slot awaits a sync of the disk.
        brick.flush(status -> {
            if (status.isOk()) {
                forget(brick, Forget.ALL, 0, () -> forgetBrick(brick, done));
            } else {
                brick.resume();
                done.accept(status);
            }
        });
    }

    /** Forgets what the cache has of a brick that stays. */
    void empty(CachedBrick brick, Forget what, Consumer<IoStatus> done) {
        if (core.bug == PlantedBug.SERVES_VOID) {
            done.accept(IoStatus.OK);
            return;
        }
        brick.drain(() -> forget(brick, what, 0, () -> {
            if (what == Forget.ALL) {
                // The disk is what counts, also where something is lost.
                brick.lost().overwritten(0, brick.geometry().sizeBytes());
            }
            brick.flush(status -> {
                brick.resume();
                done.accept(status);
            });
        }));
    }

    private void forget(CachedBrick brick, Forget what, int from, Runnable done) {
        int end = (int) Math.min(core.slots.slots(), (long) from + STRIDE);
        for (int slot = from; slot < end; slot++) {
            if (core.slots.isMapped(slot)
                    && core.slots.brick(slot) == brick.id()
                    && (what == Forget.ALL || core.slots.state(slot) == SlotTable.CLEAN)) {
                core.retire(slot);
            }
        }
        if (end < core.slots.slots()) {
            core.loop.execute(() -> forget(brick, what, end, done));
        } else {
            done.run();
        }
    }

    private void forgetBrick(CachedBrick brick, Consumer<IoStatus> done) {
        core.committer.put(batch -> {
            batch.delete(Family.BRICKS, brick.record().key());
            RegionHeat.deleteAll(batch, brick.id());
            LostRanges.deleteAll(batch, brick.id());
        });
        core.committer.commit(status -> forgotten(brick, done, status));
    }

    /** The number of the brick is free only when no slot names it any more. */
    private void forgotten(CachedBrick brick, Consumer<IoStatus> done, IoStatus status) {
        if (!status.isOk()) {
            // What could not be committed is brought again by the next commit: take the deletion back.
            core.committer.put(batch -> batch.put(
                    Family.BRICKS, brick.record().key(), brick.record().encode()));
            brick.lost().giveUpWhatHasNoSlot();
            brick.resume();
            done.accept(status);
        } else if (core.committer.pendingRetired() > 0) {
            core.committer.whenReleased(() -> gone(brick, done));
        } else {
            gone(brick, done);
        }
    }

    private void gone(CachedBrick brick, Consumer<IoStatus> done) {
        onRemoved.accept(brick);
        done.accept(IoStatus.OK);
    }
}
