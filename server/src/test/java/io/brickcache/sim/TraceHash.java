package io.brickcache.sim;

import io.brickcache.env.sim.SeededEntropy;

/** A fingerprint of everything that happened at the bricks; equal for two runs of one seed. */
final class TraceHash {

    private long value;

    void add(long event) {
        value = SeededEntropy.mix(value * 31 + event);
    }

    long value() {
        return value;
    }
}
