package io.brickcache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Thousands of runs in virtual time. See docs/testing.md; {@code -Dsim.seed=N} replays one, {@code -Dsim.seeds=N} runs N. */
class SimulationTest {

    private static final int SEEDS = 400;
    private static final int ENGINE_SEEDS = 3000;
    private static final int CRAMPED_SEEDS = 500;

    @Test
    void shouldServeAsTheModelSaysWhenBricksAreBareDisks() {
        Simulations.run("bare disks", () -> NbdSystem.inFrontOf(PassThroughSystem::new), Scenario::of, SEEDS);
    }

    @Test
    void shouldServeAsTheModelSaysWhenBricksAreBehindTheCache() {
        Simulations.run("the engine", () -> NbdSystem.inFrontOf(EngineSystem::new), Scenario::of, ENGINE_SEEDS);
    }

    @Test
    void shouldServeAsTheModelSaysWhenBricksAreBehindACrampedCache() {
        Simulations.run(
                "a cramped engine", () -> NbdSystem.inFrontOf(EngineSystem::new), Scenario::cramped, CRAMPED_SEEDS);
    }

    @ParameterizedTest
    @MethodSource("fronts")
    void shouldDoTheSameAgainWhenASeedIsRunTwice(Scenario.Front front) {
        int twoCaches = 0;
        for (long seed = 1; seed <= 30; seed++) {
            Scenario scenario = Scenario.of(seed).with(front);
            twoCaches += scenario.caches() - 1;

            long first = trace(scenario);

            assertThat(trace(scenario)).as("trace of seed %d", seed).isEqualTo(first);
            assertThat(trace(Scenario.of(seed + 1).with(front)))
                    .as("trace of another seed")
                    .isNotEqualTo(first);
        }
        assertThat(twoCaches).as("runs with two caches").isPositive();
    }

    static List<Scenario.Front> fronts() {
        return List.of(Scenario.Front.NONE, new Scenario.Front(3, 0.05));
    }

    private static long trace(Scenario scenario) {
        return SimRun.run(scenario, NbdSystem.inFrontOf(EngineSystem::new), new ClientMemory());
    }
}
