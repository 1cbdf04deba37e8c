package io.brickcache.simulate;

/**
 * What is simulated.
 *
 * @param cache how large the cache is
 * @param blockBytes block size of the cache, a power of two from 4 KiB to 64 KiB
 * @param mode NONE: only the disk alone
 * @param disk what the disk costs
 * @param arrival when the next request comes
 */
public record SimulationOptions(CacheSize cache, int blockBytes, Mode mode, DiskModel disk, Arrival arrival) {

    /** When requests come. */
    public enum Arrival {
        /** When the trace says; the next when the last one is answered if it does not. */
        TRACE,
        /** The next when the last one is answered. */
        CLOSED_LOOP
    }
}
