package io.brickcache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.BuggyCaches;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every bug planted in the engine must be found: a simulation that cannot fail proves nothing. */
class EngineBugsTest {

    private static final int MAX_SEEDS = 5000;

    private static final Findings FINDINGS = new Findings();

    @AfterAll
    static void writeTable() {
        FINDINGS.write("planted-bugs-engine");
    }

    static List<String> bugs() {
        return BuggyCaches.bugs();
    }

    @ParameterizedTest
    @MethodSource("bugs")
    void shouldBeFoundWhenItIsPlantedInTheEngine(String bug) {
        ClientMemory memory = new ClientMemory();
        SystemUnderTest.Factory buggy =
                NbdSystem.inFrontOf((scenario, loop, entropy) -> new EngineSystem(bug, scenario, loop, entropy));
        for (long seed = 1; seed <= MAX_SEEDS; seed++) {
            try {
                SimRun.run(Scenario.of(seed), buggy, memory);
            } catch (AssertionError | IllegalStateException e) {
                FINDINGS.found(bug, seed, e);
                return;
            }
        }
        assertThat(bug).as("not found by seeds 1 to %d", MAX_SEEDS).isNull();
    }
}
