package io.brickcache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.BuggyCaches;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every bug planted in the engine must be found: a simulation that cannot fail proves nothing. */
class EngineBugsTest {

    private static final int MAX_SEEDS = 1000;

    static List<String> bugs() {
        return BuggyCaches.bugs();
    }

    @ParameterizedTest
    @MethodSource("bugs")
    void shouldBeFoundWhenItIsPlantedInTheEngine(String bug) {
        ClientMemory memory = new ClientMemory();
        for (long seed = 1; seed <= MAX_SEEDS; seed++) {
            try {
                SimRun.run(
                        Scenario.of(seed),
                        (scenario, loop, entropy) -> new EngineSystem(bug, scenario, loop, entropy),
                        memory);
            } catch (AssertionError | IllegalStateException e) {
                System.out.printf(
                        "%-32s found by seed %d: %s%n",
                        bug,
                        seed,
                        String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
                return;
            }
        }
        assertThat(bug).as("not found by seeds 1 to %d", MAX_SEEDS).isNull();
    }
}
