package io.brickcache.cache.policy;

/**
 * S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023) over slots: a small queue takes
 * what is new; what is asked for again before it reaches the end moves to the main queue, what is not leaves and is
 * remembered as a ghost; a ghost that returns goes to the main queue at once.
 *
 * <p>The small queue is a ring of slot numbers. The main queue needs no memory: its order is the order of the slots,
 * walked by a hand as in CLOCK; slots are handed out in nearly the same order, so that this is nearly FIFO. Slots that
 * left the small queue out of turn (retired) stay in the ring as entries that are passed over.
 *
 * <p>Policy bits of a slot: bit 2 in the main queue; bits 0 to 1 how often it was asked for since, at most 3.
 */
public final class S3Fifo implements EvictionPolicy {

    private static final int MAIN = 4;
    private static final int FREQUENCY = 3;
    /** Share of the small queue, as in the paper. */
    private static final int SMALL_SHARE = 10;
    /** Asked for more often than this in the small queue: worth keeping. */
    private static final int PROMOTE_ABOVE = 1;
    /** Steps of one search; a search that fails goes on at the next call. */
    private static final int MAX_STEPS = 4096;

    /** Dirty blocks of the small queue passed over in one search before it turns to the main queue. */
    private static final int MAX_PASSED = 64;

    private static final int NONE = -1;

    private final PolicyBits bits;
    private final Slots slots;
    private final int slotCount;
    private final GhostTable ghosts;
    private final int[] ring;
    private int ringHead;
    private int ringSize;
    private int smallCount;
    private int mainCount;
    private int hand;

    public S3Fifo(int slotCount, PolicyBits bits, Slots slots) {
        this.slotCount = slotCount;
        this.bits = bits;
        this.slots = slots;
        this.ring = new int[Math.max(16, slotCount / 8 * 2)];
        this.ghosts = new GhostTable(slotCount);
    }

    @Override
    public void inserted(int slot) {
        if (ghosts.remove(slots.placeHash(slot))) {
            enterMain(slot, 0);
        } else {
            enterSmall(slot, 0);
        }
    }

    @Override
    public void accessed(int slot) {
        int b = bits.policyBits(slot);
        if ((b & FREQUENCY) < FREQUENCY) {
            bits.setPolicyBits(slot, b + 1);
        }
    }

    @Override
    public void moved(int from, int to) {
        int b = bits.policyBits(from);
        int frequency = Math.min(FREQUENCY, (b & FREQUENCY) + 1);
        removed(from);
        // Still mapped for the moment, but no longer in the small queue: entering may come upon it in the ring.
        bits.setPolicyBits(from, MAIN);
        if ((b & MAIN) != 0) {
            enterMain(to, frequency);
        } else {
            enterSmall(to, frequency);
        }
    }

    @Override
    public void removed(int slot) {
        if ((bits.policyBits(slot) & MAIN) != 0) {
            mainCount--;
        } else {
            smallCount--;
        }
    }

    @Override
    public int victim() {
        int steps = 0;
        int passed = 0;
        while (steps < MAX_STEPS) {
            boolean overdue = smallCount * (long) SMALL_SHARE > slotCount && passed < MAX_PASSED;
            // A queue may be dirty throughout: then the other one has to give.
            boolean fromSmall = overdue || mainCount == 0 || steps >= MAX_STEPS / 2;
            int found = NONE;
            if (fromSmall && ringSize > 0) {
                int before = ringSize;
                found = stepSmall();
                if (found == NONE && ringSize == before) {
                    passed++;
                }
                steps++;
            } else if (mainCount > 0) {
                int before = steps;
                while (found == NONE && steps - before < 64) {
                    found = stepMain();
                    steps++;
                }
            } else {
                return NONE;
            }
            if (found != NONE) {
                return found;
            }
        }
        return NONE;
    }

    private int stepSmall() {
        int slot = popRing();
        if (!isSmall(slot)) {
            return NONE;
        }
        int frequency = bits.policyBits(slot) & FREQUENCY;
        if (frequency > PROMOTE_ABOVE) {
            smallCount--;
            enterMain(slot, 0);
            return NONE;
        }
        if (!slots.isEvictable(slot)) {
            // Dirty: it comes round again when the demotion has had time.
            pushRing(slot);
            return NONE;
        }
        ghosts.add(slots.placeHash(slot));
        return slot;
    }

    private int stepMain() {
        int slot = hand;
        hand = hand + 1 == slotCount ? 0 : hand + 1;
        int b = bits.policyBits(slot);
        if ((b & MAIN) == 0 || !slots.isMapped(slot)) {
            return NONE;
        }
        if ((b & FREQUENCY) > 0) {
            bits.setPolicyBits(slot, b - 1);
            return NONE;
        }
        return slots.isEvictable(slot) ? slot : NONE;
    }

    private boolean isSmall(int slot) {
        return slots.isMapped(slot) && (bits.policyBits(slot) & MAIN) == 0;
    }

    private void enterSmall(int slot, int frequency) {
        smallCount++;
        bits.setPolicyBits(slot, frequency);
        if (ringSize == ring.length) {
            int oldest = popRing();
            if (isSmall(oldest)) {
                smallCount--;
                enterMain(oldest, 0);
            }
        }
        pushRing(slot);
    }

    /** One more chance than in a true queue: the hand may be just about to come by. */
    private void enterMain(int slot, int frequency) {
        mainCount++;
        bits.setPolicyBits(slot, MAIN | Math.max(1, frequency));
    }

    private void pushRing(int slot) {
        int tail = ringHead + ringSize;
        ring[tail < ring.length ? tail : tail - ring.length] = slot;
        ringSize++;
    }

    private int popRing() {
        int slot = ring[ringHead];
        ringHead = ringHead + 1 == ring.length ? 0 : ringHead + 1;
        ringSize--;
        return slot;
    }

    @Override
    public long memoryBytes() {
        return 4L * ring.length + ghosts.memoryBytes();
    }
}
