package io.brickcache.demotion;

import io.brickcache.cache.index.DirtyRegions;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * Chooses the regions that free the most slots for the least positioning and are the least likely to be written again:
 * the score of a region is the number of blocks written elsewhere since it was written last, times its dirty blocks per
 * positioning. A region goes along with its neighbours if the disk can pass from one to the next without positioning.
 * Evidence: docs/adr/0007-disk-positioning.md.
 */
final class RegionChooser {

    /** Regions of one batch: one sync for at most so many. */
    static final int BATCH = 8;

    /** Regions compared for one batch: bounds the time the loop is kept. The next batch compares the next ones. */
    private static final int MAX_LOOKS = 4096;

    private static final long TICK_NS = 100_000_000L;
    private static final int[] NOTHING = {};

    private final DemotionOptions options;
    private final DirtyRegions regions;
    private final int recoveredTick;
    private final IntPredicate isReadable;
    private int cursor;

    /** The best found so far, the best first. */
    private final int[] best = new int[BATCH];

    private final long[] scores = new long[BATCH];
    private int found;

    /**
     * What is dirty since {@code recoveredTick} counts as too old: nobody knows how long it was before.
     *
     * @param isReadable whether a region has a dirty block that the SSD is expected to give
     */
    RegionChooser(DemotionOptions options, DirtyRegions regions, int recoveredTick, IntPredicate isReadable) {
        this.options = options;
        this.regions = regions;
        this.recoveredTick = recoveredTick;
        this.isReadable = isReadable;
    }

    /**
     * The next regions to demote, ascending; empty if none may go.
     *
     * @param wanted dirty blocks that should become clean; more do only to complete a region and its neighbours
     */
    int[] next(Urgency urgency, int tick, long wanted) {
        found = 0;
        look(urgency, tick);
        if (found == 0) {
            return NOTHING;
        }
        int[] chosen = new int[BATCH];
        int count = 0;
        long blocks = 0;
        for (int i = 0; i < found && count < BATCH && blocks < wanted; i++) {
            if (contains(chosen, count, best[i])) {
                continue;
            }
            int from = count;
            count = addWithNeighbours(chosen, count, best[i]);
            for (int k = from; k < count; k++) {
                blocks += regions.dirty(chosen[k]);
            }
        }
        int[] batch = Arrays.copyOf(chosen, count);
        Arrays.sort(batch);
        return batch;
    }

    private void look(Urgency urgency, int tick) {
        int start = cursor;
        int region = regions.next(start);
        boolean wrapped = false;
        for (int looks = 0; looks < MAX_LOOKS; looks++) {
            if (region == DirtyRegions.NONE && !wrapped) {
                wrapped = true;
                region = regions.next(0);
            }
            if (region == DirtyRegions.NONE || wrapped && region >= start) {
                break;
            }
            boolean aged = isAged(region, tick);
            if ((aged || urgency != Urgency.AGED_ONLY) && isReadable.test(region)) {
                offer(region, aged ? Long.MAX_VALUE : score(region));
            }
            cursor = region + 1;
            region = regions.next(cursor);
        }
    }

    private boolean isAged(int region, int tick) {
        int since = regions.since(region);
        return since == recoveredTick || (tick - since) * TICK_NS >= options.maxDirtyAgeNs();
    }

    private long score(int region) {
        long age = Integer.toUnsignedLong(regions.writesSince(region)) + 1;
        return age * regions.dirty(region) * DirtyRegions.MAX_POSITIONINGS / regions.positionings(region);
    }

    private void offer(int region, long score) {
        int at = found;
        while (at > 0 && scores[at - 1] < score) {
            at--;
        }
        if (at == BATCH) {
            return;
        }
        int moved = Math.min(found, BATCH - 1) - at;
        System.arraycopy(best, at, best, at + 1, moved);
        System.arraycopy(scores, at, scores, at + 1, moved);
        best[at] = region;
        scores[at] = score;
        found = Math.min(found + 1, BATCH);
    }

    private int addWithNeighbours(int[] chosen, int count, int region) {
        int after = count;
        chosen[after++] = region;
        for (int r = region; after < BATCH && regions.joinsBelow(r) && isNew(chosen, after, r - 1); r--) {
            chosen[after++] = r - 1;
        }
        for (int r = region + 1;
                after < BATCH && r < regions.regions() && regions.joinsBelow(r) && isNew(chosen, after, r);
                r++) {
            chosen[after++] = r;
        }
        return after;
    }

    private boolean isNew(int[] chosen, int count, int region) {
        return !contains(chosen, count, region) && isReadable.test(region);
    }

    private static boolean contains(int[] chosen, int count, int region) {
        for (int i = 0; i < count; i++) {
            if (chosen[i] == region) {
                return true;
            }
        }
        return false;
    }
}
