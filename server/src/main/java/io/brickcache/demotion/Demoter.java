package io.brickcache.demotion;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CacheHealth;
import io.brickcache.cache.CachedBrick;
import io.brickcache.env.Loop;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides when the bricks of one cache demote, and how much. Up to the low mark: what is older than the limit; what
 * waits gets neighbours, and is written in fewer positionings. Between the marks: with pauses after each batch that
 * shrink to nothing towards the high mark, without while the brick is idle, and not at all while writes go past the cache
 * for the sake of the disk. Above it, and while the cache is failing: without a pause.
 * Loop-confined. It looks every {@link #LOOK_NS} while something is dirty, and after a share of the slots was written.
 */
public final class Demoter {

    static final long LOOK_NS = 200_000_000L;

    /** It looks after one in so many of the slots was written, so that a burst is noticed before it fills the cache. */
    private static final int LOOKS_PER_CACHE = 256;

    private final Cache cache;
    private final DemotionOptions options;
    private final List<BrickDemotion> bricks = new ArrayList<>();
    private Loop.@Nullable Cancellable timer;
    private boolean stopped;
    private @Nullable Runnable onStopped;
    private int writesUntilLook;

    public Demoter(Cache cache, DemotionOptions options) {
        this.cache = cache;
        this.options = options;
    }

    /** Begins to look after the bricks that the cache has and will have. */
    public void start() {
        cache.onDirty(brick -> dirtied());
        look();
    }

    /** Starts no more batches; {@code done} runs when those under way have ended. */
    public void stop(Runnable done) {
        stopped = true;
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        onStopped = done;
        checkStopped();
    }

    /** Demotes everything that is dirty now. */
    public void flush(CachedBrick brick, FlushProgress progress) {
        if (stopped) {
            progress.finished(IoStatus.SHUTDOWN);
        } else {
            of(brick).flush(progress);
        }
    }

    /** A brick is gone. */
    public void forget(CachedBrick brick) {
        bricks.removeIf(b -> b.brick() == brick);
    }

    private BrickDemotion of(CachedBrick brick) {
        for (BrickDemotion demotion : bricks) {
            if (demotion.brick() == brick) {
                return demotion;
            }
        }
        BrickDemotion added = new BrickDemotion(this, cache, brick, options);
        bricks.add(added);
        return added;
    }

    private void dirtied() {
        if (--writesUntilLook < 0) {
            writesUntilLook = cache.slots() / LOOKS_PER_CACHE;
            if (!stopped) {
                // Not within the request that is being served.
                cache.loop().execute(this::work);
            }
        }
        look();
    }

    private void look() {
        if (timer == null && !stopped && cache.dirtySlots() > 0) {
            timer = cache.loop().schedule(LOOK_NS, this::timerFired);
        }
    }

    private void timerFired() {
        timer = null;
        work();
        look();
    }

    void batchDone() {
        if (stopped) {
            checkStopped();
        } else {
            work();
            look();
        }
    }

    private void work() {
        if (stopped) {
            return;
        }
        double share = 100.0 * cache.dirtySlots() / cache.slots();
        for (CachedBrick brick : cache.bricks()) {
            if (brick.regions().dirtyBlocks() > 0) {
                of(brick).work(urgency(share, brick), pauseShare(share), wanted(share));
            }
        }
    }

    private Urgency urgency(double share, CachedBrick brick) {
        if (share >= options.highPercent() || cache.health() != CacheHealth.SERVING) {
            return Urgency.FULL_SPEED;
        }
        if (share < options.lowPercent()) {
            return Urgency.AGED_ONLY;
        }
        if (brick.idleNs() >= options.idleNs()) {
            return Urgency.FULL_SPEED;
        }
        // What does not come to the cache makes nothing dirty, and a batch would take the disk away from it.
        return brick.isBypassed() ? Urgency.AGED_ONLY : Urgency.PACED;
    }

    /** Blocks to demote in one batch: no more than needed, since what waits gets neighbours. */
    private long wanted(double share) {
        if (share < options.lowPercent() || cache.health() != CacheHealth.SERVING) {
            return Long.MAX_VALUE;
        }
        return (long) ((share - options.lowPercent()) / 100 * cache.slots()) + 1;
    }

    /** Length of the pause after a batch, in lengths of the batch: many at the low mark, none at the high one. */
    private double pauseShare(double share) {
        double span = options.highPercent() - options.lowPercent();
        double above = Math.max(share - options.lowPercent(), span / 100);
        return Math.max(0, (options.highPercent() - share) / above);
    }

    private void checkStopped() {
        Runnable done = onStopped;
        if (done != null && bricks.stream().noneMatch(BrickDemotion::isBusy)) {
            onStopped = null;
            done.run();
        }
    }
}
