package io.brickcache.cache.policy;

import io.brickcache.env.sim.SeededEntropy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;

/** A cache that has slots and no content, and treats its policy as the engine does. */
final class PolicyCache implements PolicyBits, EvictionPolicy.Slots {

    static final int NONE = -1;

    final EvictionPolicy policy;
    long looks;

    private final long[] blockOf;
    private final boolean[] mapped;
    private final boolean[] dirty;
    private final int[] bits;
    private final Map<Long, Integer> slotOf = new HashMap<>();
    private final Deque<Integer> free = new ArrayDeque<>();

    PolicyCache(int slots, BiFunction<PolicyBits, EvictionPolicy.Slots, EvictionPolicy> policy) {
        blockOf = new long[slots];
        mapped = new boolean[slots];
        dirty = new boolean[slots];
        bits = new int[slots];
        for (int slot = 0; slot < slots; slot++) {
            free.add(slot);
        }
        this.policy = policy.apply(this, this);
    }

    static PolicyCache ofSlots(int slots) {
        return new PolicyCache(slots, (bits, all) -> new S3Fifo(slots, bits, all));
    }

    boolean holds(long block) {
        return slotOf.containsKey(block);
    }

    int size() {
        return slotOf.size();
    }

    /** Asks for a block; it comes into the cache, clean, if it was not there and there is room. True if it was there. */
    boolean read(long block) {
        Integer slot = slotOf.get(block);
        if (slot != null) {
            policy.accessed(slot);
            return true;
        }
        if (makeRoom()) {
            install(block, false, EvictionPolicy.Arrival.READ);
        }
        return false;
    }

    /** The block gets a new slot, dirty; false if there was no room. */
    boolean write(long block) {
        if (!makeRoom()) {
            return false;
        }
        install(block, true, EvictionPolicy.Arrival.WRITTEN);
        return true;
    }

    /** As {@link #read}, of a block that is read along with another one. */
    void readAround(long block) {
        if (!holds(block) && makeRoom()) {
            install(block, false, EvictionPolicy.Arrival.AROUND);
        }
    }

    void clean(long block) {
        int slot = slot(block);
        dirty[slot] = false;
        policy.demoted(slot);
    }

    /** A stream has read the block, which is clean. */
    void pass(long block) {
        policy.passed(slot(block));
    }

    /** Trimmed, or damaged. */
    void drop(long block) {
        int slot = slot(block);
        leave(slot);
        retire(slot);
    }

    /** Evicts one block; returns it, or NONE. */
    long evict() {
        int slot = policy.victim();
        if (slot < 0) {
            return NONE;
        }
        if (!mapped[slot] || dirty[slot]) {
            throw new AssertionError("victim " + slot + " is not mapped and clean");
        }
        leave(slot);
        retire(slot);
        return blockOf[slot];
    }

    private boolean makeRoom() {
        return !free.isEmpty() || evict() != NONE;
    }

    private void install(long block, boolean asDirty, EvictionPolicy.Arrival why) {
        int slot = free.remove();
        Integer old = slotOf.get(block);
        blockOf[slot] = block;
        mapped[slot] = true;
        dirty[slot] = asDirty;
        bits[slot] = 0;
        if (old == null) {
            policy.arrived(slot, why);
        } else {
            // The old slot is still mapped here, as in the engine.
            policy.moved(old, slot, asDirty);
            leave(old);
            retire(old);
        }
        slotOf.put(block, slot);
        if (!asDirty) {
            policy.entered(slot);
        }
    }

    private void leave(int slot) {
        if (!dirty[slot]) {
            policy.left(slot);
        }
    }

    private void retire(int slot) {
        mapped[slot] = false;
        slotOf.remove(blockOf[slot]);
        free.add(slot);
    }

    private int slot(long block) {
        return Objects.requireNonNull(slotOf.get(block), () -> "block " + block + " is not in the cache");
    }

    @Override
    public int policyBits(int slot) {
        looks++;
        return bits[slot];
    }

    @Override
    public void setPolicyBits(int slot, int value) {
        bits[slot] = value;
    }

    @Override
    public boolean isEvictable(int slot) {
        return mapped[slot] && !dirty[slot];
    }

    @Override
    public long placeHash(int slot) {
        return SeededEntropy.mix(blockOf[slot] + 1);
    }
}
