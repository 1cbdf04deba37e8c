package io.brickcache.env.sim;

import io.brickcache.env.Clock;

/** Virtual time. It starts at 0 and moves only when its {@link SimLoop} has nothing to run. */
public final class SimClock implements Clock {

    /** Wall-clock time at virtual time 0: 2026-01-01T00:00:00Z. */
    public static final long EPOCH_MILLIS_AT_ZERO = 1_767_225_600_000L;

    private long nowNs;

    SimClock() {}

    @Override
    public long nanoTime() {
        return nowNs;
    }

    @Override
    public long epochMillis() {
        return EPOCH_MILLIS_AT_ZERO + nowNs / 1_000_000;
    }

    void advanceTo(long timeNs) {
        if (timeNs < nowNs) {
            throw new IllegalStateException("time would go back from " + nowNs + " to " + timeNs);
        }
        nowNs = timeNs;
    }
}
