package io.brickcache.bench.metadata;

import java.util.Arrays;

/** Durations, for their mean, percentiles and maximum. */
final class Durations {

    private long[] ns = new long[1024];
    private int count;

    void add(long durationNs) {
        if (count == ns.length) {
            ns = Arrays.copyOf(ns, 2 * count);
        }
        ns[count++] = durationNs;
    }

    /** Nearest rank, milliseconds; 100 gives the longest. */
    double percentileMs(double percent) {
        if (count == 0) {
            return 0;
        }
        long[] sorted = Arrays.copyOf(ns, count);
        Arrays.sort(sorted);
        int rank = (int) Math.ceil(percent / 100 * count);
        return sorted[Math.max(1, rank) - 1] / 1e6;
    }

    double meanMs() {
        return count == 0 ? 0 : Arrays.stream(ns, 0, count).sum() / 1e6 / count;
    }
}
