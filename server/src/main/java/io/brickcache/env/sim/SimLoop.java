package io.brickcache.env.sim;

import io.brickcache.env.Clock;
import io.brickcache.env.Loop;
import java.util.ArrayDeque;
import java.util.PriorityQueue;
import java.util.function.BooleanSupplier;

/**
 * A loop in virtual time, driven by the thread that made it, which counts as the loop's own. What runs when depends on
 * the seed alone.
 *
 * <p>Invariants: tasks run in the order of {@link #execute}. A timer runs at its time and not before; timers of the same
 * time run in an order drawn from the seed, as completions do that the hardware reports together, and a timer that is due
 * may run before or after tasks that wait. Time advances only when no task waits and no timer is due.
 */
public final class SimLoop implements Loop {

    /** Steps that one {@code run} call may take before it counts as a livelock. */
    public static final long DEFAULT_MAX_STEPS = 20_000_000;

    private final SimClock clock = new SimClock();
    private final Thread owner = Thread.currentThread();
    private final SeededEntropy order;
    private final long maxSteps;
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private long timersMade;
    private long steps;
    private boolean halted;

    public SimLoop(SeededEntropy entropy) {
        this(entropy, DEFAULT_MAX_STEPS);
    }

    /**
     * @param entropy decides the order of what happens at the same time
     * @param maxSteps limit of one {@code run} call, from 1
     */
    public SimLoop(SeededEntropy entropy, long maxSteps) {
        this.order = entropy.split("loop order");
        this.maxSteps = maxSteps;
    }

    @Override
    public void execute(Runnable task) {
        checkThread();
        tasks.add(task);
    }

    /** True: there is no other thread in a simulation. */
    @Override
    public boolean isCurrent() {
        checkThread();
        return true;
    }

    @Override
    public Cancellable schedule(long delayNs, Runnable task) {
        checkThread();
        long dueNs = Math.addExact(clock.nanoTime(), Math.max(0, delayNs));
        Timer timer = new Timer(dueNs, order.nextLong(), timersMade++, task);
        timers.add(timer);
        return timer;
    }

    @Override
    public Clock clock() {
        return clock;
    }

    /** Virtual nanoseconds since the start. */
    public long nowNs() {
        return clock.nanoTime();
    }

    /** Steps taken since the start. */
    public long steps() {
        return steps;
    }

    /** True if neither task nor timer waits. */
    public boolean isIdle() {
        return tasks.isEmpty() && timers.isEmpty();
    }

    /**
     * Runs one task or one timer.
     *
     * @return false if there was nothing to run
     */
    public boolean step() {
        Timer timer = timers.peek();
        boolean due = timer != null && timer.dueNs <= clock.nanoTime();
        if (!tasks.isEmpty() && !(due && (order.nextLong() & 1) == 0)) {
            steps++;
            tasks.remove().run();
            return true;
        }
        if (timer == null) {
            return false;
        }
        timers.remove();
        clock.advanceTo(Math.max(timer.dueNs, clock.nanoTime()));
        steps++;
        timer.fire();
        return true;
    }

    /** Runs until nothing is left to run, or until {@link #halt}. */
    public void runUntilIdle() {
        runUntil(() -> false);
    }

    /**
     * Runs until the condition holds; it is looked at before every step.
     *
     * @return false if the loop became idle or was halted before
     */
    public boolean runUntil(BooleanSupplier condition) {
        long end = steps + maxSteps;
        halted = false;
        while (!condition.getAsBoolean()) {
            if (halted || !step()) {
                return false;
            }
            if (steps >= end) {
                throw new LivelockException("no end after " + maxSteps + " steps, at " + clock.nanoTime() + " ns, with "
                        + tasks.size() + " tasks and " + timers.size() + " timers waiting");
            }
        }
        return true;
    }

    /** Runs everything that is due within the next {@code durationNs}, and sets the clock there unless halted. */
    public void runFor(long durationNs) {
        long untilNs = Math.addExact(clock.nanoTime(), durationNs);
        runUntil(() -> {
            Timer next = timers.peek();
            return tasks.isEmpty() && (next == null || next.dueNs > untilNs);
        });
        if (!halted) {
            clock.advanceTo(untilNs);
        }
    }

    /** Makes the {@code run} call under way return after this step: the moment for a crash. */
    public void halt() {
        halted = true;
    }

    /** True if the last {@code run} call ended by {@link #halt}. */
    public boolean isHalted() {
        return halted;
    }

    /** Forgets all tasks and timers: the process is gone. Time stays. */
    public void discardAll() {
        tasks.clear();
        timers.clear();
    }

    private void checkThread() {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException("a simulation has one thread, " + owner.getName() + ", and this is "
                    + Thread.currentThread().getName());
        }
    }

    private final class Timer implements Comparable<Timer>, Cancellable {

        private final long dueNs;
        private final long tieBreaker;
        private final long number;
        private final Runnable task;

        Timer(long dueNs, long tieBreaker, long number, Runnable task) {
            this.dueNs = dueNs;
            this.tieBreaker = tieBreaker;
            this.number = number;
            this.task = task;
        }

        void fire() {
            task.run();
        }

        @Override
        public void cancel() {
            checkThread();
            timers.remove(this);
        }

        @Override
        public int compareTo(Timer other) {
            int byTime = Long.compare(dueNs, other.dueNs);
            if (byTime != 0) {
                return byTime;
            }
            int byDraw = Long.compare(tieBreaker, other.tieBreaker);
            return byDraw != 0 ? byDraw : Long.compare(number, other.number);
        }
    }
}
