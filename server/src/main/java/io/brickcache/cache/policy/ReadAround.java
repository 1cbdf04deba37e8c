package io.brickcache.cache.policy;

/**
 * How much of the aligned neighbourhood to read along when a read misses: a cluster of a power of two grains of 4 KiB, up
 * to 256 KiB, one choice for a brick at a time. Less than a block, then only that part of the block is read.
 *
 * <p>It is chosen without trying: the last 1024 windows of 256 KiB in which the disk was read are remembered, with what was
 * asked for and when, and every later miss tells which clusters would have saved it, provided that they would have stayed
 * in the cache's probation so long. The cheapest cluster wins, a positioning counted as the transfer of 1.5 MiB: what a disk
 * of 5400 rpm does in its 15 ms. So reads at random cause nothing to be read along, and it costs nothing to find out.
 * A read that goes on where the disk's head is needs no positioning and does not count.
 *
 * <p>A hit on what was read along, the first one, counts as the miss that it would have been.
 */
public final class ReadAround {

    /** Largest cluster, and unit of memory. */
    public static final int WINDOW_BYTES = 256 << 10;

    /** What a bit of a window stands for, whatever the size of a block; a cluster of one grain is what is asked for alone. */
    public static final int GRAIN_BYTES = WINDOW_BYTES / Long.SIZE;

    private static final int WINDOWS = 1024;
    /** Parts of a window whose time is remembered. */
    private static final int PARTS = 8;

    private static final int NO_WINDOW = -1;
    private static final long POSITIONING_BYTES = 3 << 19;
    /** Misses after which what was counted weighs half. */
    private static final int HALF_LIFE = 1024;
    /** Misses between two choices. */
    private static final int CHOICE_INTERVAL = 32;
    /** A larger cluster has to save one part in so many of the time. */
    private static final int LEAST_GAIN = 32;

    private static final int LEVELS = 1 + Integer.numberOfTrailingZeros(Long.SIZE);
    private static final int PART_GRAINS = Long.SIZE / PARTS;

    private final int blockLevel;
    private final int mostBlocks;
    private final int probationBlocks;

    private final long[] windows = new long[WINDOWS];
    private final long[] asked = new long[WINDOWS];
    private final long[] around = new long[WINDOWS];
    private final int[] times = new int[WINDOWS * PARTS];

    /** Misses there would have been without reading around; wraps, is the time. */
    private int clock;

    private int misses;
    /** By logarithm of the cluster in grains: how many of them it would have saved. */
    private final int[] saved = new int[LEVELS];

    private int chosen;

    /**
     * @param blockShift logarithm of the block size, 12 to 16
     * @param probationBlocks blocks that stay for a while though nobody asks for them
     * @param mostBlocks for more than so many at once there is no room: what is read and not kept is read again
     */
    public ReadAround(int blockShift, int probationBlocks, int mostBlocks) {
        this.blockLevel = blockShift - Integer.numberOfTrailingZeros(GRAIN_BYTES);
        this.probationBlocks = probationBlocks;
        this.mostBlocks = mostBlocks;
        java.util.Arrays.fill(windows, NO_WINDOW);
    }

    /** The cluster to read: a power of two, perhaps less than a block; {@link #GRAIN_BYTES}: only what is asked for. */
    public int clusterBytes() {
        return GRAIN_BYTES << chosen;
    }

    /**
     * A client read something of one window.
     *
     * @param window number of the window: the offset divided by {@link #WINDOW_BYTES}
     * @param grains what was asked for, bit 0 the first grain of the window
     * @param missing those that are not in the cache
     * @param headIsThere the disk needs no positioning for them
     */
    public void read(long window, long grains, long missing, boolean headIsThere) {
        int at = at(window);
        boolean known = windows[at] == window;
        if (!known && missing == 0) {
            return;
        }
        long wanted = known ? (missing | around[at] & grains) & ~asked[at] : missing;
        if (wanted == 0) {
            return;
        }
        if (!headIsThere) {
            count(at, known ? wanted : 0);
        }
        if (!known) {
            windows[at] = window;
            asked[at] = 0;
            around[at] = 0;
        }
        asked[at] |= grains;
        for (long rest = wanted; rest != 0; rest &= rest - 1) {
            times[at * PARTS + Long.numberOfTrailingZeros(rest) / PART_GRAINS] = clock;
        }
    }

    /** Grains have come into the cache, some of which nobody may have asked for. */
    public void readAlong(long window, long grains) {
        int at = at(window);
        if (windows[at] == window) {
            around[at] |= grains;
        }
    }

    private void count(int at, long wanted) {
        clock++;
        misses++;
        for (int k = 1; k < saved.length && wanted != 0; k++) {
            if (wouldHaveSaved(k, at, wanted)) {
                saved[k]++;
            }
        }
        if (misses % CHOICE_INTERVAL == 0) {
            choose();
        }
        if (misses >= HALF_LIFE) {
            misses /= 2;
            for (int k = 1; k < saved.length; k++) {
                saved[k] /= 2;
            }
        }
    }

    /** True if each wanted block lies in a cluster of which something was asked for not too long ago. */
    private boolean wouldHaveSaved(int k, int at, long wanted) {
        long recent = recent(k, at);
        long cluster = k == 6 ? -1L : (1L << (1 << k)) - 1;
        for (long rest = wanted; rest != 0; ) {
            long all = cluster << (Long.numberOfTrailingZeros(rest) >> k << k);
            if ((recent & all) == 0) {
                return false;
            }
            rest &= ~all;
        }
        return true;
    }

    /** What was asked for so lately that what was read along with it, 2^k grains for each miss, is still in probation. */
    private long recent(int k, int at) {
        int blocks = 1 << Math.max(0, k - blockLevel);
        long part = (1L << PART_GRAINS) - 1;
        long recent = 0;
        for (int p = 0; p < PARTS; p++) {
            long age = Integer.toUnsignedLong(clock - times[at * PARTS + p]);
            if (blocks <= mostBlocks && age * blocks <= probationBlocks) {
                recent |= part << p * PART_GRAINS;
            }
        }
        return asked[at] & recent;
    }

    private void choose() {
        long best = misses * (POSITIONING_BYTES + GRAIN_BYTES);
        chosen = 0;
        for (int k = 1; k < saved.length; k++) {
            long cost = (misses - saved[k]) * (POSITIONING_BYTES + ((long) GRAIN_BYTES << k));
            if (cost < best - best / LEAST_GAIN) {
                best = cost;
                chosen = k;
            }
        }
    }

    private static int at(long window) {
        return (int) (window * 0x9E3779B97F4A7C15L >>> 54);
    }
}
