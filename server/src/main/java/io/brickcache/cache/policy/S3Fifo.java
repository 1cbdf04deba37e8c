package io.brickcache.cache.policy;

/**
 * S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023) over the evictable slots: a small
 * queue takes what is new; what is asked for again before it reaches the end moves to the main queue, what is not leaves
 * and is remembered as a ghost; a ghost that is read again goes to the main queue at once. Why this one, and what is
 * different here: docs/adr/0007-disk-positioning.md.
 *
 * <ul>
 *   <li>Until the cache is full for the first time, what has no room in the small queue goes to the main queue: of a loop
 *       longer than the cache a part stays.
 *   <li>A block that was written and not read goes first once it is on the disk: the next write needs no copy of it.
 *   <li>A block read around is not remembered unless somebody asked for it.
 * </ul>
 *
 * <p>The small queue is a ring of slot numbers. The main queue needs no memory: its order is the order of the slots,
 * walked by a hand as in CLOCK; slots are handed out in nearly the same order, so that this is nearly FIFO. Slots that
 * left the small queue out of turn stay in the ring as entries that are passed over.
 *
 * <p>Policy bits of a slot: bit 2 it is, or was, worth the main queue; bits 0 to 1 how often it was asked for, at most 3:
 * in the main queue since the hand came by, of a dirty slot by reads.
 */
public final class S3Fifo implements EvictionPolicy {

    private static final int MAIN = 4;
    private static final int ASKED = 3;
    /** One over the share of the small queue, as in the paper. */
    private static final int SMALL_SHARE = 10;
    /** The hand looks for main slots among so many at most for each of them: below that the small queue gives. */
    private static final int MAIN_SHARE = 64;
    /** One over the most slots that are known to go first; more go as slots of the main queue that nobody asks for. */
    private static final int FIRST_SHARE = 16;
    /** Steps of one search; a search that fails goes on at the next call. */
    private static final int MAX_STEPS = 4096;

    private static final int NONE = -1;

    private final PolicyBits bits;
    private final Slots slots;
    private final int slotCount;
    private final GhostTable ghosts;
    private final int[] ring;
    private int ringHead;
    private int ringSize;
    /** A stack of slots that go before all others, of the small queue too. */
    private final int[] first;

    private int firstCount;

    private int smallCount;
    private int mainCount;
    private int hand;
    private boolean filling = true;

    public S3Fifo(int slotCount, PolicyBits bits, Slots slots) {
        this.slotCount = slotCount;
        this.bits = bits;
        this.slots = slots;
        this.ring = new int[Math.max(16, slotCount / 8 * 2)];
        this.first = new int[Math.max(16, slotCount / FIRST_SHARE)];
        this.ghosts = new GhostTable(slotCount);
    }

    @Override
    public void arrived(int slot, Arrival why) {
        switch (why) {
            case READ -> bits.setPolicyBits(slot, ghosts.remove(slots.placeHash(slot)) ? MAIN | 1 : 1);
            case AROUND -> bits.setPolicyBits(slot, 0);
            case WRITTEN -> {
                ghosts.remove(slots.placeHash(slot));
                bits.setPolicyBits(slot, 0);
            }
        }
    }

    @Override
    public void moved(int from, int to, boolean written) {
        int b = bits.policyBits(from);
        // A copy that was read in was asked for once; that it is read again after the write is what counts from now on.
        boolean copy = (b & MAIN) == 0 && slots.isEvictable(from);
        bits.setPolicyBits(to, !written ? b : copy ? Math.max(0, b - 1) : b & ASKED);
    }

    @Override
    public void accessed(int slot) {
        int b = bits.policyBits(slot);
        if ((b & ASKED) < ASKED) {
            bits.setPolicyBits(slot, b + 1);
        }
    }

    @Override
    public void passed(int slot) {
        if (bits.policyBits(slot) <= 1 && firstCount < first.length) {
            bits.setPolicyBits(slot, 0);
            first[firstCount++] = slot;
        }
    }

    @Override
    public void entered(int slot) {
        if ((bits.policyBits(slot) & MAIN) != 0) {
            enterMain(slot, 1);
            return;
        }
        smallCount++;
        if (ringSize == ring.length || filling && smallCount * (long) SMALL_SHARE > slotCount) {
            oldestToMain();
        }
        pushLast(slot);
    }

    @Override
    public void demoted(int slot) {
        if (bits.policyBits(slot) != 0) {
            enterMain(slot, bits.policyBits(slot) & ASKED);
        } else if (firstCount < first.length) {
            smallCount++;
            first[firstCount++] = slot;
        } else {
            enterMain(slot, 0);
        }
    }

    @Override
    public void left(int slot) {
        if ((bits.policyBits(slot) & MAIN) != 0) {
            mainCount--;
        } else {
            smallCount--;
        }
    }

    @Override
    public int victim() {
        filling = false;
        for (int steps = 0; steps < MAX_STEPS && smallCount + mainCount > 0; steps++) {
            int found = firstCount > 0 ? stepFirst() : isSmallTurn() ? stepSmall() : stepMain();
            if (found != NONE) {
                return found;
            }
        }
        return NONE;
    }

    private boolean isSmallTurn() {
        return ringSize > 0
                && (mainCount == 0
                        || smallCount > 0
                                && (smallCount * (long) SMALL_SHARE >= slotCount
                                        || mainCount * (long) MAIN_SHARE < slotCount));
    }

    private int stepFirst() {
        int slot = first[--firstCount];
        if (!isSmall(slot)) {
            return NONE;
        }
        if (bits.policyBits(slot) > 0) {
            // Read since, after all.
            smallCount--;
            enterMain(slot, 1);
            return NONE;
        }
        ghosts.add(slots.placeHash(slot));
        return slot;
    }

    private int stepSmall() {
        int slot = popOldest();
        if (!isSmall(slot)) {
            return NONE;
        }
        int asked = bits.policyBits(slot);
        if (asked == ASKED) {
            smallCount--;
            enterMain(slot, 1);
            return NONE;
        }
        if (asked > 0) {
            ghosts.add(slots.placeHash(slot));
        }
        return slot;
    }

    private int stepMain() {
        int slot = hand;
        hand = hand + 1 == slotCount ? 0 : hand + 1;
        int b = bits.policyBits(slot);
        if ((b & MAIN) == 0 || !slots.isEvictable(slot)) {
            return NONE;
        }
        if ((b & ASKED) > 0) {
            bits.setPolicyBits(slot, b - 1);
            return NONE;
        }
        return slot;
    }

    private boolean isSmall(int slot) {
        return (bits.policyBits(slot) & MAIN) == 0 && slots.isEvictable(slot);
    }

    /** Makes room in the ring. */
    private void oldestToMain() {
        while (ringSize > 0) {
            int oldest = popOldest();
            if (isSmall(oldest)) {
                smallCount--;
                enterMain(oldest, bits.policyBits(oldest) == 0 ? 0 : 1);
                return;
            }
        }
    }

    private void enterMain(int slot, int asked) {
        mainCount++;
        bits.setPolicyBits(slot, MAIN | asked);
    }

    private void pushLast(int slot) {
        int tail = ringHead + ringSize;
        ring[tail < ring.length ? tail : tail - ring.length] = slot;
        ringSize++;
    }

    private int popOldest() {
        int slot = ring[ringHead];
        ringHead = ringHead + 1 == ring.length ? 0 : ringHead + 1;
        ringSize--;
        return slot;
    }

    @Override
    public int probationSlots() {
        return slotCount / SMALL_SHARE;
    }

    @Override
    public long memoryBytes() {
        return 4L * (ring.length + first.length) + ghosts.memoryBytes();
    }
}
