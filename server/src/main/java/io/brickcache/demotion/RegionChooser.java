package io.brickcache.demotion;

import io.brickcache.cache.index.DirtyRegions;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * Takes regions as an elevator does: upwards from where it stopped, then from the bottom again. Of the next few that may
 * go, those with more dirty blocks than the average of them go first: more blocks for one positioning.
 */
final class RegionChooser {

    /** Regions of one batch: one sync for at most so many. */
    static final int BATCH = 8;

    private static final int CANDIDATES = 32;
    /** Regions looked at in one go: bounds the time the loop is kept. */
    private static final int MAX_LOOKS = 4096;

    private static final long TICK_NS = 100_000_000L;
    private static final int[] NOTHING = {};

    private final DemotionOptions options;
    private final DirtyRegions regions;
    private final int recoveredTick;
    private final IntPredicate isReadable;
    private int cursor;

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

    /** The next regions to demote, ascending; empty if none may go. */
    int[] next(Urgency urgency, int tick) {
        int[] found = new int[CANDIDATES];
        int count = 0;
        int looks = 0;
        int at = cursor;
        boolean wrapped = false;
        long dirty = 0;
        while (count < CANDIDATES && looks < MAX_LOOKS) {
            int region = regions.next(at);
            if (region == DirtyRegions.NONE || wrapped && region >= cursor) {
                // A batch never crosses the wrap: it would not be ascending.
                if (wrapped || count > 0 || cursor == 0) {
                    break;
                }
                wrapped = true;
                at = 0;
                continue;
            }
            looks++;
            if (mayGo(urgency, region, tick) && isReadable.test(region)) {
                found[count++] = region;
                dirty += regions.dirty(region);
            }
            at = region + 1;
        }
        if (count == 0) {
            cursor = looks == MAX_LOOKS ? at : 0;
            return NOTHING;
        }
        int[] chosen = densest(found, count, dirty);
        cursor = chosen[chosen.length - 1] + 1;
        return chosen;
    }

    private int[] densest(int[] found, int count, long dirty) {
        int[] chosen = new int[Math.min(BATCH, count)];
        int taken = 0;
        for (int i = 0; i < count && taken < chosen.length; i++) {
            if ((long) regions.dirty(found[i]) * count >= dirty) {
                chosen[taken++] = found[i];
            }
        }
        return Arrays.copyOf(chosen, taken);
    }

    private boolean mayGo(Urgency urgency, int region, int tick) {
        int since = regions.since(region);
        boolean aged = since == recoveredTick || (tick - since) * TICK_NS >= options.maxDirtyAgeNs();
        return switch (urgency) {
            case AGED_ONLY -> aged;
            case IDLE, PACED -> aged || (tick - regions.lastWrite(region)) * TICK_NS >= options.hotNs();
            case FULL_SPEED -> true;
        };
    }
}
