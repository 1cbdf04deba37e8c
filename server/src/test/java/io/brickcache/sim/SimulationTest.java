package io.brickcache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Thousands of runs in virtual time. See docs/testing.md; {@code -Dsim.seed=N} replays one, {@code -Dsim.seeds=N} runs N. */
class SimulationTest {

    private static final int SEEDS = 400;
    private static final int ENGINE_SEEDS = 3000;

    @Test
    void shouldServeAsTheModelSaysWhenBricksAreBareDisks() {
        Simulations.run("bare disks", NbdSystem.inFrontOf(PassThroughSystem::new), SEEDS);
    }

    @Test
    void shouldServeAsTheModelSaysWhenBricksAreBehindTheCache() {
        Simulations.run("the engine", NbdSystem.inFrontOf(EngineSystem::new), ENGINE_SEEDS);
    }

    @Test
    void shouldDoTheSameAgainWhenASeedIsRunTwice() {
        for (long seed = 1; seed <= 20; seed++) {
            Scenario scenario = Scenario.of(seed);

            long first = SimRun.run(scenario, PassThroughSystem::new, new ClientMemory());
            long second = SimRun.run(scenario, PassThroughSystem::new, new ClientMemory());

            assertThat(second).as("trace of seed %d", seed).isEqualTo(first);
            assertThat(SimRun.run(Scenario.of(seed + 1), PassThroughSystem::new, new ClientMemory()))
                    .as("trace of another seed")
                    .isNotEqualTo(first);
        }
    }
}
