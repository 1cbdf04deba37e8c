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
 * Decides when the bricks of one cache demote. Below the low mark: idle disks, and what is older than the limit. Between
 * the marks: with pauses after each batch that shrink to nothing towards the high mark. Above it, and while the cache
 * is failing: without a pause.
 * Loop-confined. It looks every {@link #LOOK_NS}, and only while something is dirty.
 */
public final class Demoter {

    static final long LOOK_NS = 200_000_000L;

    private final Cache cache;
    private final DemotionOptions options;
    private final List<BrickDemotion> bricks = new ArrayList<>();
    private Loop.@Nullable Cancellable timer;
    private boolean stopped;
    private @Nullable Runnable onStopped;

    public Demoter(Cache cache, DemotionOptions options) {
        this.cache = cache;
        this.options = options;
    }

    /** Begins to look after the bricks that the cache has and will have. */
    public void start() {
        cache.onDirty(brick -> look());
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
        double share = 100.0 * cache.dirtySlots() / cache.slots();
        for (CachedBrick brick : cache.bricks()) {
            if (brick.regions().dirtyBlocks() > 0) {
                of(brick).work(urgency(share, brick), pauseShare(share));
            }
        }
    }

    private Urgency urgency(double share, CachedBrick brick) {
        if (share >= options.highPercent() || cache.health() != CacheHealth.SERVING) {
            return Urgency.FULL_SPEED;
        }
        if (share >= options.lowPercent()) {
            return Urgency.PACED;
        }
        return brick.idleNs() >= options.idleNs() ? Urgency.IDLE : Urgency.AGED_ONLY;
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
