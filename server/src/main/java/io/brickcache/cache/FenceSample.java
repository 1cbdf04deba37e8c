package io.brickcache.cache;

import io.brickcache.cache.index.SlotTable;
import java.util.Comparator;
import java.util.Iterator;
import java.util.PriorityQueue;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which clean blocks of one brick to compare with its disk: at most {@value #MAX_BLOCKS}, those that somebody who uses the
 * disk without the cache would have changed first. The lowest and the highest (partition tables, superblocks, journals,
 * RAID labels), those in the hottest regions, the latest that became clean, and the rest at random.
 */
final class FenceSample {

    static final int MAX_BLOCKS = 256;

    private static final int LOWEST = 48;
    private static final int HIGHEST = 16;
    private static final int HOTTEST = 64;
    private static final int LATEST = 64;

    private final CacheCore core;
    private final CachedBrick brick;
    private final long seed;
    private final Best lowest = new Best(LOWEST);
    private final Best highest = new Best(HIGHEST);
    private final Best hottest = new Best(HOTTEST);
    private final Best random = new Best(MAX_BLOCKS);
    private final SortedSet<Integer> latest = new TreeSet<>();

    /** Another {@code seed} draws other blocks. */
    FenceSample(CacheCore core, CachedBrick brick, long seed) {
        this.core = core;
        this.brick = brick;
        this.seed = seed;
    }

    CachedBrick brick() {
        return brick;
    }

    /** Every clean slot of the brick is shown once. */
    void consider(int slot) {
        long block = core.slots.block(slot);
        lowest.offer(-block, slot);
        highest.offer(block, slot);
        hottest.offer(brick.heat().weight(brick.regions().regionOf(block)), slot);
        random.offer(mix(slot ^ seed), slot);
    }

    /** A slot that changed lately, the newest first; of any brick and in any state. */
    void considerLate(int slot) {
        if (latest.size() < LATEST
                && core.slots.state(slot) == SlotTable.CLEAN
                && core.slots.brick(slot) == brick.id()) {
            latest.add(slot);
        }
    }

    /** The slots chosen, by ascending place on the disk. */
    int[] slots() {
        TreeSet<Integer> chosen = new TreeSet<>(Comparator.comparingLong(core.slots::block));
        chosen.addAll(latest);
        for (Best best : new Best[] {lowest, highest, hottest}) {
            best.items.forEach(item -> chosen.add(item.slot));
        }
        Iterator<Best.Item> more = random.items.iterator();
        while (chosen.size() < MAX_BLOCKS && more.hasNext()) {
            chosen.add(more.next().slot);
        }
        return chosen.stream().mapToInt(Integer::intValue).toArray();
    }

    private static long mix(long value) {
        long h = value * 0x9E3779B97F4A7C15L;
        h = (h ^ h >>> 32) * 0xff51afd7ed558ccdL;
        return h ^ h >>> 29;
    }

    /** Keeps the slots of the highest scores. */
    private static final class Best {
        private record Item(long score, int slot) {}

        private final int limit;
        private final PriorityQueue<Item> items = new PriorityQueue<>(Comparator.comparingLong(Item::score));
        /** No slot of this score or a lower one is kept any more. */
        private long least = Long.MIN_VALUE;

        Best(int limit) {
            this.limit = limit;
        }

        /** Nearly always one comparison: of millions of slots a few hundred are kept. */
        void offer(long score, int slot) {
            if (score > least) {
                keep(score, slot);
            }
        }

        private void keep(long score, int slot) {
            items.add(new Item(score, slot));
            if (items.size() > limit) {
                items.remove();
            }
            if (items.size() == limit) {
                least = items.element().score;
            }
        }
    }
}
