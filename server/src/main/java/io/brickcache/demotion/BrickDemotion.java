package io.brickcache.demotion;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.index.DirtyRegions;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** The demotion of one brick: one batch of regions at a time, and flushes on demand, which go before. */
final class BrickDemotion {

    private static final long MIN_BACKOFF_NS = 1_000_000_000L;
    private static final long MAX_BACKOFF_NS = 60_000_000_000L;
    private static final int MAX_SWEEPS = 3;
    private static final long MAX_PAUSE_NS = 1_000_000_000L;

    private final Demoter demoter;
    private final Cache cache;
    private final CachedBrick brick;
    private final DirtyRegions regions;
    private final RegionChooser chooser;
    private final Deque<Flush> flushes = new ArrayDeque<>();
    private boolean busy;
    /** Nothing can be done before: it failed, or there was nothing to demote yet. */
    private long notBeforeNs;

    /** A pause that ends sooner if there is no time for it. */
    private long pausedUntilNs;

    private long backoffNs;

    /**
     * A flush: a sweep over all regions that are dirty, from the bottom to the top, and another one if blocks were passed
     * over because they got a new slot after the commit that came before: by a write, which the flush need not know of,
     * or by a read that made a partial block whole, which it must.
     */
    private static final class Flush {
        final FlushProgress progress;
        final long total;
        long done;
        int region;
        int sweeps = 1;
        long skipped;
        IoStatus status = IoStatus.OK;

        Flush(FlushProgress progress, long total) {
            this.progress = progress;
            this.total = total;
        }
    }

    BrickDemotion(Demoter demoter, Cache cache, CachedBrick brick, DemotionOptions options) {
        this.demoter = demoter;
        this.cache = cache;
        this.brick = brick;
        this.regions = brick.regions();
        this.chooser = new RegionChooser(options, regions, cache.recoveredTick(), this::hasReadable);
        this.notBeforeNs = now();
        this.pausedUntilNs = notBeforeNs;
    }

    CachedBrick brick() {
        return brick;
    }

    boolean isBusy() {
        return busy;
    }

    void flush(FlushProgress progress) {
        flushes.add(new Flush(progress, regions.dirtyBlocks()));
        if (!busy) {
            busy = true;
            beginFlush();
        }
    }

    /** Nothing can be done now about a region whose dirty blocks were all found lost a short while ago. */
    private boolean hasReadable(int region) {
        return brick.lost().isEmpty() || regions.dirty(region) > brick.lost().restingIn(region);
    }

    /** Starts a batch if there is one to start now. */
    void work(Urgency urgency, double pauseShare, long wanted) {
        if (busy || notBeforeNs - now() > 0 || regions.dirtyBlocks() == 0) {
            return;
        }
        if (urgency != Urgency.FULL_SPEED && pausedUntilNs - now() > 0) {
            return;
        }
        int[] batch = chooser.next(urgency, cache.tick(), wanted);
        if (batch.length == 0) {
            return;
        }
        busy = true;
        long startNs = now();
        cache.demote(brick, batch, (blocks, skipped, status) -> {
            long tookNs = now() - startNs;
            long pauseNs = urgency == Urgency.FULL_SPEED ? 0 : Math.min(MAX_PAUSE_NS, (long) (tookNs * pauseShare));
            if (blocks == 0) {
                // Nothing but blocks that are not committed yet: a commit will come.
                notBeforeNs = now() + Demoter.LOOK_NS;
            }
            batchDone(batch, status, pauseNs);
        });
    }

    private void batchDone(int[] batch, IoStatus status, long pauseNs) {
        if (status.isOk()) {
            backoffNs = 0;
            pausedUntilNs = now() + pauseNs;
            for (int region : batch) {
                regions.swept(region, cache.tick());
            }
        } else {
            backOff();
        }
        idle();
    }

    private void backOff() {
        backoffNs = Math.min(MAX_BACKOFF_NS, Math.max(MIN_BACKOFF_NS, 2 * backoffNs));
        notBeforeNs = now() + backoffNs;
    }

    private void idle() {
        if (flushes.isEmpty()) {
            busy = false;
            demoter.batchDone();
        } else {
            beginFlush();
        }
    }

    /** What is not committed is not demoted, so a commit comes first. */
    private void beginFlush() {
        Flush flush = flushes.getFirst();
        cache.commit(brick, status -> {
            flush.status = status;
            sweep(flush);
        });
    }

    private void sweep(Flush flush) {
        int[] batch =
                flush.status.isOk() && flush.progress.progress(flush.done, flush.total) ? above(flush.region) : null;
        if (batch != null && batch.length == 0 && flush.skipped > 0 && flush.sweeps < MAX_SWEEPS) {
            flush.sweeps++;
            flush.skipped = 0;
            flush.region = 0;
            beginFlush();
            return;
        }
        if (batch == null || batch.length == 0) {
            // The blocks are clean on the disk; the commit makes the metadata say so.
            cache.commit(brick, status -> finish(flush, flush.status.and(status)));
            return;
        }
        flush.region = batch[batch.length - 1] + 1;
        cache.demoteAll(brick, batch, (blocks, skipped, status) -> {
            flush.done += blocks;
            flush.skipped += skipped;
            flush.status = flush.status.and(status);
            sweep(flush);
        });
    }

    private int @Nullable [] above(int region) {
        int[] batch = new int[RegionChooser.BATCH];
        int count = 0;
        for (int r = regions.next(region); r != DirtyRegions.NONE && count < batch.length; r = regions.next(r + 1)) {
            batch[count++] = r;
        }
        return java.util.Arrays.copyOf(batch, count);
    }

    private void finish(Flush flush, IoStatus status) {
        flushes.remove(flush);
        if (!status.isOk()) {
            backOff();
        }
        flush.progress.finished(status);
        idle();
    }

    private long now() {
        return cache.loop().clock().nanoTime();
    }
}
