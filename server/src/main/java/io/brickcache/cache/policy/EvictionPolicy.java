package io.brickcache.cache.policy;

/**
 * Decides which mapped slot goes when room is needed. The engine tells it what happens to slots; it names victims; the
 * engine evicts clean ones only (R6).
 */
public interface EvictionPolicy {

    /** What a slot is, as the policy may ask. */
    interface Slots {
        /** The slot is mapped. */
        boolean isMapped(int slot);

        /** The slot is mapped and clean: it may go. */
        boolean isEvictable(int slot);

        /** A hash of the place that the slot holds, for the memory of evicted blocks. */
        long placeHash(int slot);
    }

    /** The slot got an owner that was not in the cache. */
    void inserted(int slot);

    /** The slot's block was asked for. */
    void accessed(int slot);

    /** The block of {@code from} was written anew into {@code to}; {@code from} is about to be retired. */
    void moved(int from, int to);

    /** The slot is about to be retired, whoever decided it. Not called after {@link #moved} for {@code from}. */
    void removed(int slot);

    /**
     * The next slot to evict, or -1 if none was found with bounded work; the caller then retires it, which calls
     * {@link #removed}.
     */
    int victim();

    /** Bytes on the heap. */
    long memoryBytes();
}
