package io.brickcache.cache.policy;

/**
 * Decides which slot goes when room is needed. It orders the <em>evictable</em> slots only, those that equal the disk
 * (R6): a slot enters when it becomes evictable and leaves when it no longer is, so that what is dirty is never in the
 * way of a search. What is known of a block is kept in its slot's {@link PolicyBits} from its arrival on, dirty or not.
 */
public interface EvictionPolicy {

    /** What a slot is, as the policy may ask. */
    interface Slots {
        /** The slot is between {@link #entered} or {@link #demoted} and {@link #left}. */
        boolean isEvictable(int slot);

        /** A hash of the place that the slot holds, for the memory of evicted blocks. */
        long placeHash(int slot);
    }

    /** Why a block comes into the cache. */
    enum Arrival {
        /** A client read it. */
        READ,
        /** Read along with what a client read. */
        AROUND,
        WRITTEN
    }

    /** The slot got an owner that was not in the cache. */
    void arrived(int slot, Arrival why);

    /**
     * The block of {@code from} got the new slot {@code to}, with a client's write or without; {@code from} is about to be
     * retired.
     */
    void moved(int from, int to, boolean written);

    /** A client read from the slot. */
    void accessed(int slot);

    /** A long stream read from the slot and will not come back: it may go first. Only of a slot that is evictable. */
    void passed(int slot);

    /** A copy of the disk became evictable. */
    void entered(int slot);

    /** A slot that was dirty became evictable. */
    void demoted(int slot);

    /** The slot is no longer evictable. */
    void left(int slot);

    /**
     * The next slot to evict, or -1 if none was found with bounded work; the caller then retires it, which calls
     * {@link #left}.
     */
    int victim();

    /** Slots of the part of the cache where new blocks have to prove themselves. */
    int probationSlots();

    /** Bytes on the heap. */
    long memoryBytes();
}
