package io.brickcache.simulate;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/** The requests to one disk, in order of time; 21 bytes of memory each. Immutable. */
public final class Trace {

    /** Blocks of one bit set in {@link #uniqueBlocks}: memory where the trace goes, and not for its span. */
    private static final int SET_SHIFT = 18;

    private static final TraceOp[] OPS = TraceOp.values();

    private final String name;
    private final int count;
    private final long[] timesNs;
    private final byte[] ops;
    private final long[] offsets;
    private final int[] lengths;
    private final boolean timed;

    /** The arrays belong to the trace from now on; they may be longer than {@code count}. */
    Trace(String name, int count, long[] timesNs, byte[] ops, long[] offsets, int[] lengths, boolean timed) {
        this.name = name;
        this.count = count;
        this.timesNs = timesNs;
        this.ops = ops;
        this.offsets = offsets;
        this.lengths = lengths;
        this.timed = timed;
    }

    /** For messages: the path, or {@code stdin}. */
    public String name() {
        return name;
    }

    /** Number of requests. */
    public int count() {
        return count;
    }

    /** False if the trace tells nothing of when its requests came. */
    public boolean isTimed() {
        return timed;
    }

    /** Nanoseconds from the first request to request {@code i}. */
    public long timeNs(int i) {
        return timesNs[i] - timesNs[0];
    }

    public TraceOp op(int i) {
        return OPS[ops[i]];
    }

    /** First byte; 0 for a FLUSH. */
    public long offset(int i) {
        return offsets[i];
    }

    /** Bytes; 0 for a FLUSH. */
    public int length(int i) {
        return lengths[i];
    }

    /** Bytes from the start of the disk to the end of the last request on it. */
    public long endBytes() {
        long end = 0;
        for (int i = 0; i < count; i++) {
            end = Math.max(end, offsets[i] + lengths[i]);
        }
        return end;
    }

    /** Different blocks of that size that the requests touch. */
    public long uniqueBlocks(int blockBytes) {
        Map<Long, BitSet> sets = new HashMap<>();
        for (int i = 0; i < count; i++) {
            if (lengths[i] == 0) {
                continue;
            }
            long last = (offsets[i] + lengths[i] - 1) / blockBytes;
            for (long block = offsets[i] / blockBytes; block <= last; block++) {
                sets.computeIfAbsent(block >> SET_SHIFT, set -> new BitSet()).set((int) (block & (1 << SET_SHIFT) - 1));
            }
        }
        return sets.values().stream().mapToLong(BitSet::cardinality).sum();
    }
}
