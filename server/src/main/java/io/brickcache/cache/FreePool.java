package io.brickcache.cache;

/** Keeps slots free ahead of need, by eviction (R2, R6). */
final class FreePool {

    /** Searches for a victim in one go that may find none: bounds the time the loop is kept; the next call goes on. */
    private static final int MAX_SEARCHES = 8;

    private static final int MAX_TARGET = 1 << 16;

    private final CacheCore core;
    private final int target;
    /** Searches for a victim that found none since the last change for the better. */
    private int fruitlessSearches;

    FreePool(CacheCore core) {
        this.core = core;
        int slots = core.slots.slots();
        this.target = Math.min(MAX_TARGET, Math.max(Math.min(8, slots / 4), slots / 32));
    }

    /** Slots that are kept for writes: with so few left no copies are made of what is read. */
    int copiesFloor() {
        return target / 4;
    }

    /** Something became clean. */
    void victimAppeared() {
        fruitlessSearches = 0;
    }

    /** Evicts ahead of need (R2), and asks for the commit that makes the evicted slots free. */
    void refill() {
        int free = core.allocator.freeCount();
        if (free >= target || !core.takesSlots()) {
            return;
        }
        int coming = core.committer.pendingRetired();
        int missing = target - free - coming;
        int searches = 0;
        while (missing > 0 && searches < MAX_SEARCHES && fruitlessSearches < maxFruitlessSearches()) {
            int victim = core.policy.victim();
            if (victim < 0) {
                searches++;
                fruitlessSearches++;
                continue;
            }
            fruitlessSearches = 0;
            core.brickOf(victim).counters().evictedBlocks++;
            core.retire(victim);
            coming++;
            missing--;
        }
        // Many slots a commit, and yet early enough for it to be done before the floor is reached.
        int next = core.committer.nextRetired();
        if (next > 0 && (next >= target / 4 || free <= target / 2)) {
            core.committer.request();
        }
        if (core.awaitingSlots > 0 && free <= target - target / 4) {
            core.hurrySyncs();
        }
    }

    /**
     * A search looks at some 2,000 slots and passes a block that was often asked for up to three times: after so many
     * there is nothing to evict until something becomes clean.
     */
    private int maxFruitlessSearches() {
        return 2 + core.slots.slots() / 512;
    }
}
