package io.brickcache.cache.data;

/**
 * Hands out free slots next-fit and in runs, so that blocks that came together lie together. One bit a slot.
 *
 * <p>A slot given back here may be written at once: whoever frees it has made sure of R1 and R2.
 */
public final class SlotAllocator {

    private final long[] free;
    private final int slots;
    private int freeCount;
    private int cursor;

    /** All slots taken; {@link #free} those that are free. */
    public SlotAllocator(int slots) {
        this.slots = slots;
        this.free = new long[(slots + 63) / 64];
    }

    public int freeCount() {
        return freeCount;
    }

    public boolean isFree(int slot) {
        return (free[slot >> 6] & 1L << slot) != 0;
    }

    public void free(int slot) {
        if (isFree(slot)) {
            throw new IllegalStateException("slot " + slot + " is freed twice");
        }
        free[slot >> 6] |= 1L << slot;
        freeCount++;
    }

    /**
     * Takes the next run of free slots.
     *
     * @param wanted slots, at least 1
     * @return first slot in the low, length (1 to {@code wanted}) in the high 32 bits, or -1 if nothing is free
     */
    public long allocateRun(int wanted) {
        if (freeCount == 0) {
            return -1;
        }
        int start = nextFree(cursor);
        int length = 0;
        while (length < wanted && start + length < slots && isFree(start + length)) {
            free[start + length >> 6] &= ~(1L << start + length);
            length++;
        }
        freeCount -= length;
        cursor = start + length == slots ? 0 : start + length;
        return (long) length << 32 | start;
    }

    public static int runStart(long run) {
        return (int) run;
    }

    public static int runLength(long run) {
        return (int) (run >>> 32);
    }

    private int nextFree(int from) {
        int word = from >> 6;
        long bits = free[word] & -1L << from;
        while (bits == 0) {
            word = word + 1 == free.length ? 0 : word + 1;
            bits = free[word];
        }
        return (word << 6) + Long.numberOfTrailingZeros(bits);
    }

    /** Bytes on the heap. */
    public long memoryBytes() {
        return 8L * free.length;
    }
}
