package io.brickcache.simulate;

/** How large the simulated cache is. */
public sealed interface CacheSize {

    /** Slots of that many bytes. */
    long slots(Trace trace, int blockBytes);

    /** So many bytes of data. */
    record Bytes(long bytes) implements CacheSize {
        @Override
        public long slots(Trace trace, int blockBytes) {
            return bytes / blockBytes;
        }
    }

    /** A share of the different blocks that the trace touches, above 0 and up to 100. */
    record Percent(double percent) implements CacheSize {
        @Override
        public long slots(Trace trace, int blockBytes) {
            return Math.round(trace.uniqueBlocks(blockBytes) * percent / 100);
        }
    }
}
