package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.sim.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fence: clean blocks compared with the disk, in virtual time. */
class FenceCheckTest {

    private final StartRig rig = new StartRig(PlantedBug.NONE);

    /** Blocks 100 to 799 of brick 0 are clean, 2000 to 2009 dirty; brick 1 has ten clean ones. */
    private void openWithCleanBlocks() {
        rig.open();
        rig.write(0, 1, 100, 700);
        rig.write(1, 2, 100, 10);
        rig.demote(0);
        rig.demote(1);
        rig.write(0, 3, 2000, 10);
        rig.flush(rig.brick(0));
    }

    @Test
    void shouldPassWhenTheDiskIsAsTheCacheLeftIt() {
        openWithCleanBlocks();
        rig.stop();
        rig.load();

        assertThat(rig.checkFence(0)).isEqualTo(new FenceVerdict(FenceSample.MAX_BLOCKS, 0, -1, 0));
        assertThat(rig.checkFence(1)).isEqualTo(new FenceVerdict(10, 0, -1, 0));
    }

    /** The lowest, the highest, and one of the latest that became clean. */
    @ParameterizedTest
    @ValueSource(longs = {100, 140, 790, 799})
    void shouldFindABlockThatSomebodyElseWrote(long block) {
        openWithCleanBlocks();
        rig.stop();
        rig.writeBehind(0, 9, block);
        rig.load();

        assertThat(rig.checkFence(0)).isEqualTo(new FenceVerdict(256, 1, block * StartRig.BLOCK_BYTES, 0));
        assertThat(rig.checkFence(1).isChanged()).isFalse();
    }

    @Test
    void shouldFindAHandfulOfBlocksAnywhereWhenMostOfTheDiskWasWritten() {
        openWithCleanBlocks();
        rig.stop();
        for (long block = 150; block < 750; block += 4) {
            rig.writeBehind(0, 9, block);
        }
        rig.load();

        assertThat(rig.checkFence(0).different()).isGreaterThan(10);
        assertThat(rig.checkFence(0).firstDifference()).isGreaterThanOrEqualTo(150L * StartRig.BLOCK_BYTES);
    }

    @Test
    void shouldNotCareForBlocksThatAreDirty() {
        openWithCleanBlocks();
        rig.stop();
        rig.writeBehind(0, 9, 2003);
        rig.load();

        assertThat(rig.checkFence(0).isChanged()).isFalse();
    }

    @Test
    void shouldTakeAnUnreadableDiskForNoEvidence() {
        openWithCleanBlocks();
        rig.stop();
        rig.load();
        rig.diskFault = Fault.IO_ERROR;

        assertThat(rig.checkFence(1)).isEqualTo(new FenceVerdict(0, 0, -1, 10));
    }

    @Test
    void shouldNotWaitForeverWhenADiskIsSlow() {
        openWithCleanBlocks();
        rig.stop();
        rig.load();
        rig.diskLatencyNs = StartRig.SECOND_NS;
        long startNs = rig.loop.nowNs();

        FenceVerdict verdict = rig.checkFence(0);

        assertThat(rig.loop.nowNs() - startNs).isLessThanOrEqualTo(FenceComparison.LIMIT_NS + StartRig.SECOND_NS);
        assertThat(verdict.compared() + verdict.unreadable()).isEqualTo(FenceSample.MAX_BLOCKS);
        assertThat(verdict.unreadable()).isPositive();
        rig.loop.runFor(10 * StartRig.SECOND_NS);
        rig.cache().checkStructure(true);
    }

    @Test
    void shouldForgetCleanBlocksAndKeepDirtyOnesWhenTheCacheIsKept() {
        openWithCleanBlocks();
        rig.stop();
        rig.writeBehind(0, 9, 100);
        rig.open();

        rig.await(done -> rig.cache().empty(rig.brick(0), Cache.Forget.CLEAN, done));

        assertThat(rig.read(0, 100)).isEqualTo(StartRig.pattern(9, 100));
        assertThat(rig.read(0, 2003)).isEqualTo(StartRig.pattern(3, 2003));
        assertThat(rig.brick(0).dirtyBytes()).isEqualTo(10 * StartRig.BLOCK_BYTES);
        rig.reopen();
        assertThat(rig.read(0, 100)).isEqualTo(StartRig.pattern(9, 100));
        rig.cache().checkStructure(true);
    }

    @Test
    void shouldLoseABrickWithItsDirtyBlocksWhenItIsGivenUp() {
        openWithCleanBlocks();

        rig.await(done -> rig.cache().giveUp(rig.brick(0), done));

        assertThat(rig.cache().bricks()).hasSize(1);
        rig.reopen();
        assertThat(rig.cache().bricks()).hasSize(1);
        assertThat(rig.cache().dirtySlots()).isZero();
        rig.cache().checkStructure(true);
    }
}
