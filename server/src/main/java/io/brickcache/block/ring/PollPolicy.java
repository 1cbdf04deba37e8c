package io.brickcache.block.ring;

import java.util.function.LongSupplier;

/**
 * Whether a loop that has nothing to do polls for completions before it sleeps. To sleep and to be woken costs processor time,
 * too, and some microseconds of every request; where the next completion is near, polling for it costs no more and takes less
 * long. So it is tried: now and then the other way is taken for a window of waits, and what most of the last comparisons found
 * better is done. Where waits are long, nothing is tried. Confined to the loop.
 */
final class PollPolicy {

    /**
     * As long as a poll may take: about what a thread takes to be woken on a busy virtual machine. KVM's own, halt_poll_ns, is
     * 200 us, QEMU's for its I/O threads, poll-max-ns, 32 us.
     */
    static final long MAX_POLL_NS = 100_000;

    /** Waits that are measured together. */
    static final int WINDOW = 64;

    /** Windows at most until the other way is tried again: it is taken for 0.4 % of the waits then. */
    private static final int MAX_PAUSE = 256;

    /** Polling must take at most so much of the thread's processor time for each completion, as a multiple of what sleeping takes. */
    private static final double ALLOWED_PROCESSOR_TIME = 1.1;

    /** ... and at most so much of the time. */
    private static final double ALLOWED_TIME = 0.9;

    /** Comparisons that a change of what is done may need. */
    private static final int MAX_SCORE = 3;

    private final LongSupplier processorTime;
    private final Window polling = new Window();
    private final Window sleeping = new Window();

    /** The window that is being measured. */
    private Window window = sleeping;

    /** Comparisons that polling has won, less those that it has lost, within bounds. Above 0, polling is what is done. */
    private int score;

    /** Windows to come before the other way is tried, and how many it was after the last comparison. */
    private int rest;

    private int pause = 1;

    /** The first wait has begun the first window: on the loop, the processor time of which is measured. */
    private boolean begun;

    private static final class Window {
        private long processorBegin;
        private long begin;
        private int waits;
        private int shortWaits;
        private long completions;

        /** In ns for each completion, of the last whole window. */
        private double processorTime;

        private double time;

        private void begin(long processorNow, long now) {
            processorBegin = processorNow;
            begin = now;
            waits = 0;
            shortWaits = 0;
            completions = 0;
        }

        private void end(long processorNow, long now) {
            processorTime = (double) (processorNow - processorBegin) / Math.max(1, completions);
            time = (double) (now - begin) / Math.max(1, completions);
        }
    }

    /**
     * @param processorTime what the calling thread has used, in ns; below 0 if the machine does not say, then nothing is polled
     *     for
     */
    PollPolicy(LongSupplier processorTime) {
        this.processorTime = processorTime;
    }

    /** Whether the next wait begins with a poll. */
    boolean isPolling() {
        return window == polling;
    }

    /** Completions were handled, after a wait or without one. */
    void handled(int number) {
        window.completions += number;
    }

    /** A wait is over, a poll included; both times in ns of one clock. */
    void waited(long start, long now) {
        if (!begun) {
            begun = true;
            window.begin(processorTime.getAsLong(), start);
        }
        if (now - start <= MAX_POLL_NS) {
            window.shortWaits++;
        }
        if (++window.waits == WINDOW) {
            long processorNow = processorTime.getAsLong();
            window.end(processorNow, now);
            window = next(processorNow >= 0 && window.shortWaits >= WINDOW / 2);
            window.begin(processorNow, now);
        }
    }

    private Window next(boolean canPay) {
        if (!canPay) {
            score = 0;
            rest = 0;
            return sleeping;
        }
        Window usual = score > 0 ? polling : sleeping;
        Window other = score > 0 ? sleeping : polling;
        if (rest > 0) {
            rest--;
            return usual;
        }
        if (window == usual) {
            return other;
        }
        int before = score;
        boolean won = polling.processorTime <= ALLOWED_PROCESSOR_TIME * sleeping.processorTime
                && polling.time <= ALLOWED_TIME * sleeping.time;
        score = won ? Math.min(score + 1, MAX_SCORE) : Math.max(score - 1, -MAX_SCORE);
        pause = score == before ? Math.min(2 * pause, MAX_PAUSE) : 1;
        rest = pause;
        return score > 0 ? polling : sleeping;
    }
}
