package io.brickcache.block.sim;

import io.brickcache.block.IoRequest;
import io.brickcache.env.sim.SeededEntropy;

/** How long a device takes. May keep state between calls, such as the position of a head; one instance per device. */
@FunctionalInterface
public interface LatencyModel {

    /**
     * Nanoseconds from submit to completion, called once per request in order of submission.
     *
     * @return 0 to complete the request before {@code submit} returns
     */
    long latencyNs(IoRequest request, long nowNs);

    /** Evenly spread over a range in nanoseconds, and at once for one request of 64. Completions overtake one another. */
    static LatencyModel random(SeededEntropy entropy, long minNs, long maxNs) {
        return (request, nowNs) -> entropy.nextInt(64) == 0 ? 0 : minNs + entropy.nextLong(maxNs - minNs + 1);
    }
}
