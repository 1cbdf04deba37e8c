package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Bugs of the start, planted: each check that passes on the engine as it is must fail on the one with the bug. */
class StartBugsTest {

    private static void shouldFind(PlantedBug bug, Consumer<StartRig> check) {
        check.accept(new StartRig(PlantedBug.NONE));
        assertThatThrownBy(() -> check.accept(new StartRig(bug))).isInstanceOf(AssertionError.class);
    }

    @Test
    void shouldFindAFenceThatLetsEverythingPass() {
        shouldFind(PlantedBug.IGNORES_FENCE, rig -> {
            rig.open();
            rig.write(0, 1, 100, 50);
            rig.demote(0);
            rig.stop();
            rig.writeBehind(0, 9, 120);
            rig.load();
            assertThat(rig.checkFence(0).isChanged()).isTrue();
        });
    }

    @Test
    void shouldFindAWitnessThatIsToldTooLate() {
        shouldFind(PlantedBug.TELLS_WITNESS_LATE, rig -> {
            rig.open();
            rig.loop.runFor(5 * StartRig.SECOND_NS);
            rig.write(0, 1, 10, 3);
            rig.flush(rig.brick(0));
            // The flush is answered: the SSD may be lost now, and somebody has to know what was on it.
            assertThat(rig.witnessed(0)).isPositive();
        });
    }

    @Test
    void shouldFindBlocksServedThatDoNotCountAnyMore() {
        shouldFind(PlantedBug.SERVES_VOID, rig -> {
            rig.open();
            rig.write(0, 1, 100, 50);
            rig.demote(0);
            rig.stop();
            rig.writeBehind(0, 9, 120);
            rig.open();
            rig.await(done -> rig.cache().empty(rig.brick(0), Cache.Forget.ALL, done));
            assertThat(rig.read(0, 120)).isEqualTo(StartRig.pattern(9, 120));
        });
    }
}
