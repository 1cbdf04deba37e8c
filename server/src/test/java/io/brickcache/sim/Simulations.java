package io.brickcache.sim;

/**
 * Runs many seeds. System properties: {@code sim.seed} runs that one alone; {@code sim.seeds} is how many to run;
 * {@code sim.base} is the first (1 without: a build fails for what was changed, not by luck).
 */
final class Simulations {

    private Simulations() {}

    /** Runs {@code seeds} seeds unless the properties say otherwise; the first failure ends it with the way to replay. */
    static void run(String what, SystemUnderTest.Factory factory, int seeds) {
        ClientMemory memory = new ClientMemory();
        Long only = Long.getLong("sim.seed");
        if (only != null) {
            System.out.printf("simulation of %s: %s%n", what, Scenario.of(only));
            runOne(what, factory, only, memory);
            return;
        }
        long base = Long.getLong("sim.base", 1);
        int count = Integer.getInteger("sim.seeds", seeds);
        System.out.printf("simulation of %s: %d seeds, -Dsim.base=%d%n", what, count, base);
        for (long seed = base; seed < base + count; seed++) {
            runOne(what, factory, seed, memory);
        }
    }

    private static void runOne(String what, SystemUnderTest.Factory factory, long seed, ClientMemory memory) {
        Scenario scenario = Scenario.of(seed);
        try {
            SimRun.run(scenario, factory, memory);
        } catch (AssertionError e) {
            throw new AssertionError(
                    "simulation of %s, seed %d, %s%n%s%nreplay: mvn -Psim test -Dsim.seed=%d"
                            .formatted(what, seed, scenario, e.getMessage(), seed),
                    e);
        }
    }
}
