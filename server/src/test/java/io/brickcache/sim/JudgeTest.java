package io.brickcache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Proof that the simulation can fail: bugs are planted into a system that passes, and each must be found. */
class JudgeTest {

    /** Within this many seeds from 1 on each bug must be found. */
    private static final int SEEDS = 100;

    private static final int ONE_IN = 10;

    @ParameterizedTest
    @EnumSource(DiskBug.class)
    void shouldFindThePlantedBugWithinSomeSeeds(DiskBug bug) {
        ClientMemory memory = new ClientMemory();
        String finding = null;
        int seeds = 0;
        while (finding == null && seeds < SEEDS) {
            Scenario scenario = Scenario.of(++seeds);
            try {
                SimRun.run(scenario, (what, loop, entropy) -> bug.plant(ONE_IN, what, loop, entropy), memory);
            } catch (AssertionError e) {
                finding = e.getMessage();
            }
        }

        assertThat(finding).as("%s within %d seeds", bug, SEEDS).isNotNull();
        System.out.printf("%s: seed %d, %s%n", bug, seeds, finding);
    }
}
