package io.brickcache.simulate;

import java.util.Arrays;

/** Times of the requests of one kind: 8 bytes of memory each. */
final class Latencies {

    private long[] valuesNs = new long[1024];
    private int count;
    private long totalNs;
    private long serviceNs;

    /**
     * @param latencyNs from the arrival to the answer
     * @param ownNs of it what the devices did for this request
     */
    void add(long latencyNs, long ownNs) {
        if (count == valuesNs.length) {
            valuesNs = Arrays.copyOf(valuesNs, 2 * count);
        }
        valuesNs[count++] = latencyNs;
        totalNs += latencyNs;
        serviceNs += ownNs;
    }

    long serviceNs() {
        return serviceNs;
    }

    RunResult.Times result() {
        if (count == 0) {
            return new RunResult.Times(0, 0, 0, 0);
        }
        long[] sorted = Arrays.copyOf(valuesNs, count);
        Arrays.sort(sorted);
        int p99 = (int) Math.min(count - 1, (long) Math.ceil(0.99 * count) - 1);
        return new RunResult.Times(
                count, RunResult.ms(serviceNs) / count, RunResult.ms(totalNs) / count, RunResult.ms(sorted[p99]));
    }
}
