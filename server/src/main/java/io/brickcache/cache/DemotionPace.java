package io.brickcache.cache;

/**
 * How much of a demotion is synced at a time while clients' writes wait for it: about what the disk of the brick lately did
 * in the time of a portion. Counted in writes too, of which each may cost the disk a positioning: a disk with a cache of its
 * own answers them at once and takes its time for the sync.
 */
final class DemotionPace {

    /** A positioning: what a write is thought to take as long as nothing is known. */
    private static final long FIRST_WRITE_NS = 12_000_000L;

    private static final long MIN_WRITE_NS = 10_000L;

    /** The last portion counts for one in so many. */
    private static final int WEIGHT = 4;

    private final long portionNs;
    private long writeNs = FIRST_WRITE_NS;

    /**
     * Nothing is known of the disk.
     *
     * @param portionNs how long a portion should keep it busy
     */
    DemotionPace(long portionNs) {
        this.portionNs = portionNs;
    }

    /** True if so many writes and their sync are expected to take the time of a portion. */
    boolean isPortion(int writes) {
        return isOver(writes * writeNs);
    }

    /** True if the time of a portion has passed. */
    boolean isOver(long ns) {
        return ns >= portionNs;
    }

    /** So many writes, one at least, and their sync took so many nanoseconds. */
    void took(int writes, long ns) {
        long each = Math.min(portionNs, Math.max(MIN_WRITE_NS, ns / writes));
        writeNs += (each - writeNs) / WEIGHT;
    }
}
