package io.brickcache.env;

import java.util.concurrent.atomic.AtomicLong;

/** Time that passes only by being looked at: every look is one step later than the last. */
public final class TickingClock implements Clock {
    private final AtomicLong nowNs = new AtomicLong();
    private final long stepNs;

    public TickingClock(long stepNs) {
        this.stepNs = stepNs;
    }

    @Override
    public long nanoTime() {
        return nowNs.getAndAdd(stepNs);
    }

    @Override
    public long epochMillis() {
        return nowNs.get() / 1_000_000;
    }
}
