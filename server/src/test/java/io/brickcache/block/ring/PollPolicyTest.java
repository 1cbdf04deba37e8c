package io.brickcache.block.ring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Against a machine and a load of which the costs are known. All times in ns. */
class PollPolicyTest {

    private static final int WAITS = 200_000;

    /** Of a request, beside the wait for it. */
    private static final long WORK = 4_000;

    private long now;
    private long processorTime;
    private boolean saysProcessorTime = true;

    /** Until the next request, from the answer to the last one. */
    private long gap;
    /** What sleeping adds: to the time, and to the thread's processor time. */
    private long wakeUp;

    private long sleepCost;
    /** Requests come at fixed times, sooner than they are answered or not. */
    private boolean isPaced;

    private final PollPolicy policy = new PollPolicy(() -> saysProcessorTime ? processorTime : -1);

    @Test
    void shouldPollWhenTheNextRequestIsNearAndSleepingIsDear() {
        load(8_000, 5_000, 7_000);

        run();

        assertThat(polls()).isGreaterThan(0.98);
    }

    @Test
    void shouldSleepWhenPollingTakesMoreProcessorTime() {
        load(50_000, 5_000, 3_000);

        run();

        assertThat(polls()).isLessThan(0.02);
    }

    @Test
    void shouldSleepWhenPollingGainsNoTime() {
        load(8_000, 5_000, 7_000);
        isPaced = true;

        run();

        assertThat(polls()).isLessThan(0.02);
    }

    @Test
    void shouldNeverPollWhenWaitsAreLong() {
        load(PollPolicy.MAX_POLL_NS * 2, 60_000, 500_000);

        assertThat(polls()).isZero();
    }

    @Test
    void shouldNeverPollWhenProcessorTimeIsNotKnown() {
        load(8_000, 5_000, 7_000);
        saysProcessorTime = false;

        assertThat(polls()).isZero();
    }

    @Test
    void shouldFollowWhenTheLoadChanges() {
        load(8_000, 5_000, 7_000);
        run();
        load(50_000, 5_000, 3_000);
        run();
        assertThat(polls()).isLessThan(0.02);
        load(8_000, 5_000, 7_000);
        run();
        assertThat(polls()).isGreaterThan(0.98);
    }

    @Test
    void shouldStopPollingWithinAWindowWhenTheLoadEnds() {
        load(8_000, 5_000, 7_000);
        run();
        load(1_000_000_000, 5_000, 7_000);

        int polls = 0;
        for (int i = 0; i < 10 * PollPolicy.WINDOW; i++) {
            polls += step() ? 1 : 0;
        }

        assertThat(polls).isLessThanOrEqualTo(2 * PollPolicy.WINDOW);
    }

    @Test
    void shouldKeepToWhatMostComparisonsSayWhenOneIsDisturbed() {
        load(8_000, 5_000, 7_000);
        run();

        int polls = 0;
        for (int i = 0; i < WAITS; i++) {
            // Now and then the machine takes the processor away.
            if (i % (37 * PollPolicy.WINDOW) == 0) {
                processorTime += 1_000_000;
                now += 5_000_000;
            }
            polls += step() ? 1 : 0;
        }

        assertThat((double) polls / WAITS).isGreaterThan(0.9);
    }

    private void load(long gap, long wakeUp, long sleepCost) {
        this.gap = gap;
        this.wakeUp = wakeUp;
        this.sleepCost = sleepCost;
    }

    private void run() {
        polls();
    }

    /** The share of waits that polled. */
    private double polls() {
        int polls = 0;
        for (int i = 0; i < WAITS; i++) {
            polls += step() ? 1 : 0;
        }
        return (double) polls / WAITS;
    }

    private boolean step() {
        boolean polling = policy.isPolling();
        long start = now;
        boolean sleeps = !polling || gap > PollPolicy.MAX_POLL_NS;
        long wait = gap + (sleeps ? wakeUp : isPaced ? wakeUp : 0);
        now += wait;
        processorTime += polling ? Math.min(gap, PollPolicy.MAX_POLL_NS) : 0;
        processorTime += sleeps ? sleepCost : 0;
        policy.waited(start, now);
        policy.handled(2);
        now += WORK;
        processorTime += WORK;
        return polling;
    }
}
