package io.brickcache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Proof that the simulation can fail: bugs are planted into a system that passes, and each must be found. */
class JudgeTest {

    /** Within this many seeds from 1 on each bug must be found. */
    private static final int SEEDS = 500;

    private static final int ONE_IN = 10;

    private static final Findings FINDINGS = new Findings();

    @AfterAll
    static void writeTable() {
        FINDINGS.write("planted-bugs-disk");
    }

    @ParameterizedTest
    @EnumSource(DiskBug.class)
    void shouldFindThePlantedBugWithinSomeSeedsWhenBricksAreCalled(DiskBug bug) {
        search(bug, bug.name(), Scenario.Front.NONE);
    }

    @ParameterizedTest
    @EnumSource(DiskBug.class)
    void shouldFindThePlantedBugWithinSomeSeedsWhenBricksAreReachedOverNbd(DiskBug bug) {
        search(bug, bug + " behind NBD", new Scenario.Front(2, 0.01));
    }

    private static void search(DiskBug bug, String name, Scenario.Front front) {
        ClientMemory memory = new ClientMemory();
        SystemUnderTest.Factory broken =
                NbdSystem.inFrontOf((scenario, loop, entropy) -> bug.plant(ONE_IN, scenario, loop, entropy));
        for (int seed = 1; seed <= SEEDS; seed++) {
            try {
                SimRun.run(Scenario.of(seed).with(front), broken, memory);
            } catch (AssertionError e) {
                FINDINGS.found(name, seed, e);
                return;
            }
        }
        assertThat(name).as("not found by seeds 1 to %d", SEEDS).isNull();
    }
}
