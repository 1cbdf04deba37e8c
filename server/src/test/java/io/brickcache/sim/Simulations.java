package io.brickcache.sim;

import java.time.Duration;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs many seeds. System properties:
 *
 * <ul>
 *   <li>{@code sim.seed}: that one alone.
 *   <li>{@code sim.seeds}: how many.
 *   <li>{@code sim.base}: the first (1 without: a build fails for what was changed, not by luck).
 *   <li>{@code sim.minutes}: for so long, however many they are.
 *   <li>{@code sim.threads}: at a time, each run on one thread; 1 without.
 * </ul>
 *
 * The first failure ends it with the way to replay. Longer runs say how far they are, so that a later one can go on there.
 */
final class Simulations {

    private final String what;
    private final Supplier<SystemUnderTest.Factory> systems;
    private final LongFunction<Scenario> scenarios;

    private Simulations(String what, Supplier<SystemUnderTest.Factory> systems, LongFunction<Scenario> scenarios) {
        this.what = what;
        this.systems = systems;
        this.scenarios = scenarios;
    }

    /**
     * Runs {@code seeds} seeds unless the properties say otherwise.
     *
     * @param systems a factory for each thread
     * @param scenarios what a seed stands for
     */
    static void run(
            String what, Supplier<SystemUnderTest.Factory> systems, LongFunction<Scenario> scenarios, int seeds) {
        Simulations simulations = new Simulations(what, systems, scenarios);
        Long only = Long.getLong("sim.seed");
        if (only != null) {
            System.out.printf("simulation of %s: %s%n", what, scenarios.apply(only));
            simulations.runOne(systems.get(), only, new ClientMemory());
            return;
        }
        Long minutes = Long.getLong("sim.minutes");
        long count = minutes == null ? Long.getLong("sim.seeds", seeds) : Long.MAX_VALUE;
        Duration time = minutes == null ? Duration.ofDays(365) : Duration.ofMinutes(minutes);
        simulations.runAll(
                new SeedQueue(what, Long.getLong("sim.base", 1), count, time), Integer.getInteger("sim.threads", 1));
    }

    private void runAll(SeedQueue seeds, int threads) {
        System.out.printf("simulation of %s: %s, %d threads%n", what, seeds, threads);
        Thread[] others = new Thread[threads - 1];
        for (int i = 0; i < others.length; i++) {
            others[i] = new Thread(() -> work(seeds), "simulation " + (i + 2));
            others[i].start();
        }
        work(seeds);
        for (Thread other : others) {
            try {
                other.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException("interrupted while simulations run", e);
            }
        }
        AssertionError failure = seeds.end();
        if (failure != null) {
            throw failure;
        }
    }

    private void work(SeedQueue seeds) {
        ClientMemory memory = new ClientMemory();
        SystemUnderTest.Factory factory = systems.get();
        long seed;
        while ((seed = seeds.next()) != SeedQueue.NO_MORE) {
            try {
                runOne(factory, seed, memory);
            } catch (AssertionError e) {
                seeds.failed(seed, e);
            }
        }
    }

    private void runOne(SystemUnderTest.Factory factory, long seed, ClientMemory memory) {
        Scenario scenario = scenarios.apply(seed);
        try {
            SimRun.run(scenario, factory, memory);
        } catch (AssertionError e) {
            throw new AssertionError(
                    "simulation of %s, seed %d, %s%n%s%nreplay: mvn -Psim test -Dsim.seed=%d"
                            .formatted(what, seed, scenario, e.getMessage(), seed),
                    e);
        }
    }

    /** Hands out seeds in order, until there are enough of them, the time is up, or one has failed. Thread-safe. */
    private static final class SeedQueue {

        static final long NO_MORE = Long.MIN_VALUE;

        private static final Duration PROGRESS = Duration.ofSeconds(30);

        private final String what;
        private final long base;
        private final long end;
        private final long startNs = System.nanoTime();
        private final long timeNs;
        private long next;
        private long saidNs = startNs;
        private long failedSeed;
        private @Nullable AssertionError failure;

        SeedQueue(String what, long base, long count, Duration time) {
            this.what = what;
            this.base = base;
            this.next = base;
            this.end = count > Long.MAX_VALUE - Math.max(0, base) ? Long.MAX_VALUE : base + count;
            this.timeNs = time.toNanos();
        }

        synchronized long next() {
            long nowNs = System.nanoTime();
            if (failure != null || next == end || nowNs - startNs >= timeNs) {
                return NO_MORE;
            }
            if (nowNs - saidNs >= PROGRESS.toNanos()) {
                saidNs = nowNs;
                say("so far");
            }
            return next++;
        }

        synchronized void failed(long seed, AssertionError how) {
            if (failure == null || seed < failedSeed) {
                failure = how;
                failedSeed = seed;
            }
        }

        /** All threads have ended; returns the failure of the lowest seed that failed, if any. */
        synchronized @Nullable AssertionError end() {
            say(failure == null ? "passed" : "seed " + failedSeed + " failed");
            return failure;
        }

        private void say(String how) {
            System.out.printf(
                    "simulation of %s: %d seeds in %d s, %s; to go on: -Dsim.base=%d%n",
                    what, next - base, (System.nanoTime() - startNs) / 1_000_000_000, how, next);
        }

        @Override
        public String toString() {
            String seeds = end == Long.MAX_VALUE
                    ? "seeds for " + Duration.ofNanos(timeNs).toMinutes() + " minutes"
                    : end - base + " seeds";
            return seeds + ", -Dsim.base=" + base;
        }
    }
}
