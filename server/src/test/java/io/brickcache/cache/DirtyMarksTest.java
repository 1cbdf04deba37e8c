package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoStatus;
import org.junit.jupiter.api.Test;

/** What the witness outside the SSD hears, and when (I9). */
class DirtyMarksTest {

    private static final long BLOCK = StartRig.BLOCK_BYTES;

    private final StartRig rig = new StartRig(PlantedBug.NONE);

    @Test
    void shouldBeToldBeforeTheFirstDirtyBlockIsDurable() {
        rig.open();
        rig.write(0, 1, 10, 3);
        assertThat(rig.witnessed(0)).as("dirty in memory only").isLessThanOrEqualTo(0);

        assertThat(rig.flush(rig.brick(0))).isEqualTo(IoStatus.OK);

        assertThat(rig.witnessed(0)).isEqualTo(3 * BLOCK);
        assertThat(rig.witnessed(1)).isLessThanOrEqualTo(0);
    }

    @Test
    void shouldBeToldOnceWhenABrickIsFlushedOften() {
        rig.open();
        rig.write(0, 1, 10, 100);
        rig.flush(rig.brick(0));
        rig.told.clear();

        for (int i = 0; i < 20; i++) {
            rig.write(0, 2, 10 + i, 1);
            rig.flush(rig.brick(0));
        }

        assertThat(rig.told).isEmpty();
    }

    @Test
    void shouldBeToldAboutHowMuchWhenItGrows() {
        rig.open();
        rig.write(0, 1, 10, 1);
        rig.flush(rig.brick(0));
        for (int i = 0; i < 10; i++) {
            rig.write(0, 1, 100 + 100 * i, 100);
            rig.flush(rig.brick(0));
            rig.loop.runFor(StartRig.SECOND_NS);
        }

        assertThat(rig.witnessed(0)).isBetween(800 * BLOCK, 1001 * BLOCK);
        assertThat(rig.told.size()).isLessThan(20);
    }

    @Test
    void shouldBeToldZeroOnlyWhenNothingDirtyIsDurable() {
        rig.open();
        rig.write(0, 1, 10, 5);
        rig.flush(rig.brick(0));
        rig.loop.runFor(5 * StartRig.SECOND_NS);
        assertThat(rig.witnessed(0)).isEqualTo(5 * BLOCK);

        rig.demote(0);
        rig.loop.runFor(5 * StartRig.SECOND_NS);

        assertThat(rig.witnessed(0)).isZero();
        rig.write(0, 2, 10, 1);
        rig.flush(rig.brick(0));
        assertThat(rig.witnessed(0)).isEqualTo(BLOCK);
    }

    @Test
    void shouldBeToldOfWhatAStartFinds() {
        rig.open();
        rig.write(0, 1, 10, 5);
        rig.flush(rig.brick(0));
        rig.told.clear();

        rig.reopen();
        rig.loop.runFor(5 * StartRig.SECOND_NS);

        assertThat(rig.witnessed(0)).isEqualTo(5 * BLOCK);
        assertThat(rig.witnessed(1)).isZero();
    }

    @Test
    void shouldKeepDirtyDataFromBecomingDurableWhenTheWitnessCannotWrite() {
        rig.open();
        rig.loop.runFor(5 * StartRig.SECOND_NS);
        rig.witnessFails = true;
        rig.write(0, 1, 10, 5);

        assertThat(rig.flush(rig.brick(0))).isEqualTo(IoStatus.IO_ERROR);
        // From here on writes go to the disk.
        rig.write(0, 2, 50, 5);
        assertThat(rig.brick(0).counters().aroundSsdErrorBytes).isEqualTo(5 * BLOCK);

        rig.witnessFails = false;
        assertThat(rig.flush(rig.brick(0))).isEqualTo(IoStatus.OK);
        assertThat(rig.witnessed(0)).isEqualTo(5 * BLOCK);
        assertThat(rig.read(0, 10)).isEqualTo(StartRig.pattern(1, 10));
        assertThat(rig.read(0, 50)).isEqualTo(StartRig.pattern(2, 50));
        rig.write(0, 3, 90, 1);
        assertThat(rig.brick(0).counters().aroundSsdErrorBytes).isEqualTo(5 * BLOCK);
        rig.loop.runFor(5 * StartRig.SECOND_NS);
        rig.cache().checkStructure(true);
    }
}
