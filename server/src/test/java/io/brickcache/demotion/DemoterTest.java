package io.brickcache.demotion;

import static io.brickcache.demotion.DemotionRig.SECOND_NS;
import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.CacheOptions;
import io.brickcache.demotion.DemotionRig.DiskWrite;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DemoterTest {

    /** The marks are at 80 and 240 of the 400 slots. */
    private static final DemotionOptions OPTIONS = new DemotionOptions(20, 60, 60 * SECOND_NS, 2 * SECOND_NS);

    /** Whatever is dirty goes when the brick is idle. */
    private static final DemotionOptions EAGER = new DemotionOptions(0, 60, 60 * SECOND_NS, 2 * SECOND_NS);

    private final DemotionRig rig = DemotionRig.with(OPTIONS);

    /** Follows a flush. */
    private static final class Progress implements FlushProgress {
        final List<Long> done = new ArrayList<>();
        long total;
        boolean goOn = true;

        @Nullable
        IoStatus result;

        @Override
        public boolean progress(long doneBlocks, long totalBlocks) {
            done.add(doneBlocks);
            total = totalBlocks;
            return goOn;
        }

        @Override
        public void finished(IoStatus status) {
            assertThat(result).as("told once").isNull();
            result = status;
        }
    }

    private Progress flush(DemotionRig of) {
        Progress progress = new Progress();
        of.demoter.flush(of.brick, progress);
        return progress;
    }

    private static void await(DemotionRig of, Progress progress) {
        of.loop.runUntil(() -> progress.result != null);
    }

    @Test
    void shouldDemoteNothingBelowTheLowMarkThoughTheBrickIsIdle() {
        rig.write(3, 10);
        rig.loop.runFor(50 * SECOND_NS);

        assertThat(rig.dirtyBlocks()).isEqualTo(10);
        assertThat(rig.diskWrites).isEmpty();
    }

    @Test
    void shouldDemoteDownToTheLowMarkWithoutPausesWhenTheBrickIsIdle() {
        for (int region = 0; region < 12; region++) {
            rig.write(2 * region, 8);
        }
        rig.runBusy(SECOND_NS);
        rig.loop.runFor(3 * SECOND_NS);

        assertThat(rig.dirtyBlocks()).isBetween(72L, 79L);
    }

    @Test
    void shouldDemoteABusyBrickBelowTheLowMarkWhenBlocksAreTooOld() {
        rig.write(3, 10);
        rig.runBusy(30 * SECOND_NS);
        rig.write(5, 10);
        rig.runBusy(29 * SECOND_NS);
        assertThat(rig.dirtyBlocks()).isEqualTo(20);

        rig.runBusy(3 * SECOND_NS);
        assertThat(rig.dirtyBlocks()).isEqualTo(10);
        assertThat(rig.isOnDisk(3, 0, 10)).isTrue();
        rig.runBusy(30 * SECOND_NS);
        assertThat(rig.dirtyBlocks()).isZero();
    }

    @Test
    void shouldDemoteABusyBrickBetweenTheMarksDownToTheLowOne() {
        for (int region = 0; region < 6; region++) {
            rig.write(region, 16);
        }
        rig.runBusy(20 * SECOND_NS);

        assertThat(rig.dirtyBlocks()).isBetween(64L, 79L);
    }

    @Test
    void shouldNoticeABurstBeforeItFillsTheCache() {
        for (int region = 0; region < 16; region++) {
            rig.submitWrite(region, 0, 4, () -> {});
        }
        rig.loop.runFor(SECOND_NS / 20);
        for (int region = 0; region < 16; region++) {
            rig.write(16 + region, 12);
        }
        rig.loop.runFor(SECOND_NS / 20);

        assertThat(rig.diskWrites).isNotEmpty();
        assertThat(rig.loop.nowNs()).isLessThan(Demoter.LOOK_NS);
    }

    @Test
    void shouldLetARegionWaitThatIsBeingWrittenBetweenTheMarks() {
        for (int region = 0; region < 6; region++) {
            rig.write(region, 16);
        }
        for (int i = 0; i < 10; i++) {
            rig.write(4, 16);
            rig.runBusy(SECOND_NS);
        }

        assertThat(rig.brick.regions().dirty(4)).isEqualTo(16);
        assertThat(rig.dirtyBlocks()).isLessThan(80);
        assertThat(rig.diskWrites).extracting(DiskWrite::region).doesNotContain(4);
    }

    @Test
    void shouldLeaveTheDiskToAStreamOfWritesThatGoesPastTheCache() {
        for (int region = 0; region < 12; region++) {
            rig.write(region, 8);
        }
        int streamed = 14;
        for (int inARow = 0; inARow < 2; inARow = rig.brick.isBypassed() ? inARow + 1 : 0) {
            rig.write(streamed++, DemotionRig.REGION_BLOCKS);
            rig.loop.runFor(SECOND_NS / 10);
        }
        int before = rig.diskWrites.size();
        while (streamed < DemotionRig.REGIONS) {
            rig.write(streamed++, DemotionRig.REGION_BLOCKS);
            rig.loop.runFor(SECOND_NS / 2);
        }

        assertThat(rig.diskWrites.subList(before, rig.diskWrites.size())).allMatch(write -> write.region() >= 14);
        assertThat(rig.diskWrites.size() - before).as("writes of the stream").isGreaterThan(10);
        assertThat(rig.dirtyBlocks()).as("above the low mark").isGreaterThan(80);
        rig.loop.runFor(5 * SECOND_NS);
        assertThat(rig.dirtyBlocks()).as("the stream is over").isLessThan(80);
    }

    @Test
    void shouldDemoteHotRegionsAtOnceAboveTheHighMark() {
        for (int region = 0; region < 16; region++) {
            rig.write(region, 16);
        }
        rig.runBusy(SECOND_NS);

        assertThat(rig.dirtyBlocks()).isBetween(1L, 239L);
    }

    @Test
    void shouldNotHoldAWriteForEverWhenNothingCanBeDemotedBecauseNothingIsCommitted() {
        rig.failCommits();

        for (int region = 0; region < 20; region++) {
            rig.write(region, 16);
        }

        assertThat(rig.dirtyBlocks()).as("beyond what writes are held for").isBetween(280L, 320L);
    }

    @Test
    void shouldWriteUpwardsWhenManyRegionsGo() {
        for (int region : new int[] {30, 2, 17, 39, 5, 11, 23, 8}) {
            rig.submitWrite(region, 0, 4, () -> {});
        }
        rig.loop.runFor(70 * SECOND_NS);

        assertThat(rig.dirtyBlocks()).isZero();
        assertThat(rig.diskWrites).extracting(DiskWrite::region).containsExactly(2, 5, 8, 11, 17, 23, 30, 39);
    }

    @Test
    void shouldTryLessAndLessOftenWhileTheDiskFailsAndAgainSoonAfterASuccess() {
        DemotionRig eager = DemotionRig.with(EAGER);
        eager.failDiskWrites(true);
        eager.write(3, 10);
        eager.loop.runFor(200 * SECOND_NS);
        List<Long> gaps = new ArrayList<>();
        for (int i = 1; i < eager.diskWrites.size(); i++) {
            gaps.add(
                    eager.diskWrites.get(i).atNs() - eager.diskWrites.get(i - 1).atNs());
        }
        assertThat(gaps).hasSizeBetween(6, 10).isSorted();
        for (int i = 0; i < gaps.size(); i++) {
            assertThat(gaps.get(i))
                    .isBetween(Math.min(60, 1L << i) * SECOND_NS, Math.min(60, 1L << i) * SECOND_NS + SECOND_NS / 2);
        }
        assertThat(eager.dirtyBlocks()).isEqualTo(10);

        eager.failDiskWrites(false);
        eager.loop.runFor(61 * SECOND_NS);
        assertThat(eager.dirtyBlocks()).isZero();
        eager.failDiskWrites(true);
        eager.diskWrites.clear();
        eager.write(3, 10);
        eager.loop.runFor(5 * SECOND_NS);
        assertThat(eager.diskWrites)
                .as("one second again after the first failure")
                .hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void shouldFlushEverythingThatIsDirtyThoughItIsHot() {
        for (int region = 0; region < 12; region++) {
            rig.write(2 * region, 5);
        }
        Progress progress = flush(rig);
        await(rig, progress);

        assertThat(progress.result).isEqualTo(IoStatus.OK);
        assertThat(progress.total).isEqualTo(60);
        assertThat(progress.done).isSorted().startsWith(0L, 40L).endsWith(60L);
        assertThat(rig.dirtyBlocks()).isZero();
        assertThat(rig.diskWrites).extracting(DiskWrite::region).isSorted();
        for (int region = 0; region < 12; region++) {
            assertThat(rig.isOnDisk(2 * region, 0, 5)).isTrue();
        }
    }

    @Test
    void shouldSweepAgainWhenBlocksWereNotCommittedYet() {
        DemotionRig slow = DemotionRig.with(OPTIONS, CacheOptions.MAX_COMMIT_INTERVAL_NS);
        for (int region = 0; region < 12; region++) {
            slow.write(region, 5);
        }
        AtomicInteger answers = new AtomicInteger();
        slow.onNextDiskWrite(() -> slow.submitWrite(10, 2, 6, answers::incrementAndGet));
        Progress progress = flush(slow);
        await(slow, progress);

        assertThat(answers).hasValue(1);
        assertThat(progress.result).isEqualTo(IoStatus.OK);
        assertThat(slow.dirtyBlocks()).isZero();
        assertThat(slow.isOnDisk(10, 0, 8)).isTrue();
        assertThat(slow.diskWrites.stream().filter(write -> write.region() == 10))
                .hasSize(2);
    }

    @Test
    void shouldLeaveNothingDirtyWhenAReadMakesAPartialBlockWholeDuringAFlush() {
        rig.writePart(3);
        rig.onNextDiskWrite(() -> rig.read(3));
        Progress progress = flush(rig);
        await(rig, progress);

        assertThat(progress.result).isEqualTo(IoStatus.OK);
        assertThat(rig.dirtyBlocks()).isZero();
    }

    @Test
    void shouldEndAFlushWhenAClientNeverStopsWriting() {
        DemotionRig slow = DemotionRig.with(OPTIONS, CacheOptions.MAX_COMMIT_INTERVAL_NS);
        for (int region = 0; region < 12; region++) {
            slow.write(region, 5);
        }
        rewriteForever(slow);
        Progress progress = flush(slow);
        await(slow, progress);

        assertThat(progress.result).isEqualTo(IoStatus.OK);
    }

    private static void rewriteForever(DemotionRig of) {
        of.onNextDiskWrite(() -> {
            of.submitWrite(10, 0, 5, () -> {});
            rewriteForever(of);
        });
    }

    @Test
    void shouldReportTheErrorOfAFlushAndKeepTheBlocksDirty() {
        rig.failDiskWrites(true);
        rig.write(3, 10);
        Progress progress = flush(rig);
        await(rig, progress);

        assertThat(progress.result).isEqualTo(IoStatus.IO_ERROR);
        assertThat(rig.dirtyBlocks()).isEqualTo(10);
        rig.failDiskWrites(false);
        Progress second = flush(rig);
        await(rig, second);
        assertThat(second.result).isEqualTo(IoStatus.OK);
        assertThat(rig.dirtyBlocks()).isZero();
    }

    @Test
    void shouldStopAFlushWhenNobodyWantsItAnyMore() {
        rig.write(3, 10);
        Progress progress = new Progress();
        progress.goOn = false;
        rig.demoter.flush(rig.brick, progress);
        await(rig, progress);

        assertThat(rig.dirtyBlocks()).isEqualTo(10);
        assertThat(rig.diskWrites).isEmpty();
    }

    @Test
    void shouldFlushOneAfterTheOtherWhenAskedTwice() {
        rig.write(3, 10);
        Progress first = flush(rig);
        Progress second = flush(rig);
        await(rig, second);

        assertThat(first.result).isEqualTo(IoStatus.OK);
        assertThat(second.result).isEqualTo(IoStatus.OK);
        assertThat(rig.dirtyBlocks()).isZero();
        assertThat(rig.diskWrites).hasSize(1);
    }

    @Test
    void shouldStopWhenTheBatchUnderWayHasEndedAndStartNoOther() {
        DemotionRig eager = DemotionRig.with(EAGER);
        AtomicInteger stops = new AtomicInteger();
        eager.write(3, 10);
        eager.onNextDiskWrite(() -> {
            eager.demoter.stop(stops::incrementAndGet);
            assertThat(stops).hasValue(0);
        });
        eager.loop.runUntil(() -> stops.get() > 0);
        assertThat(eager.dirtyBlocks()).isZero();

        eager.write(4, 10);
        eager.loop.runFor(100 * SECOND_NS);
        assertThat(eager.dirtyBlocks()).isEqualTo(10);
        Progress refused = flush(eager);
        assertThat(refused.result).isEqualTo(IoStatus.SHUTDOWN);
        assertThat(stops).hasValue(1);
    }
}
