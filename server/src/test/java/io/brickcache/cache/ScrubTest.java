package io.brickcache.cache;

import static io.brickcache.cache.LostRig.BLOCK;
import static io.brickcache.cache.LostRig.newContent;
import static io.brickcache.cache.LostRig.oldContent;
import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.LostRange;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScrubTest {

    private static final long MIB = 1 << 20;
    private static final long HOUR_NS = 3_600_000_000_000L;

    private final LostRig rig = new LostRig();

    /** Keeps what it hears. */
    private static final class Heard implements ScrubListener {
        final List<ScrubReport> steps = new ArrayList<>();
        int maxSteps = Integer.MAX_VALUE;

        @Nullable
        ScrubReport last;

        @Nullable
        IoStatus status;

        @Override
        public boolean progress(ScrubReport soFar) {
            steps.add(soFar);
            return steps.size() <= maxSteps;
        }

        @Override
        public void finished(ScrubReport report, IoStatus newStatus) {
            last = report;
            status = newStatus;
        }
    }

    @AfterEach
    void structureHolds() {
        rig.loop.runFor(5_000_000_000L);
        rig.cache.checkStructure(true);
    }

    private Heard scrub(long bytesPerSecond) {
        Heard heard = new Heard();
        rig.cache.scrubber().scrub(bytesPerSecond, heard);
        rig.loop.runUntil(() -> heard.status != null);
        return heard;
    }

    @Test
    void shouldFindNothingWhenNothingIsDamaged() {
        rig.write(0, 40 * BLOCK);
        rig.read(4 * MIB, 10 * BLOCK);

        Heard heard = scrub(64 * MIB);

        assertThat(heard.status).isEqualTo(IoStatus.OK);
        assertThat(heard.last).isEqualTo(new ScrubReport(50, 50, 0, 0));
        assertThat(heard.steps)
                .hasSizeGreaterThan(1)
                .isSortedAccordingTo((a, b) -> Long.compare(a.checked(), b.checked()));
    }

    @Test
    void shouldReadCleanBlocksFromTheDiskAgainWhenTheyAreDamaged() {
        rig.read(0, 10 * BLOCK);
        rig.damage(3);
        rig.failReads(7);

        Heard heard = scrub(64 * MIB);

        assertThat(heard.last).extracting(ScrubReport::healed).isEqualTo(2L);
        assertThat(heard.last).extracting(ScrubReport::lost).isEqualTo(0L);
        assertThat(rig.lost()).isEmpty();
        rig.loop.runFor(1_000_000_000L);
        assertThat(rig.brick().cachedBytes()).isEqualTo(10 * BLOCK);
        int reads = rig.ssdReads;
        assertThat(rig.read(0, 10 * BLOCK).bytes()).isEqualTo(oldContent(0, 10 * BLOCK));
        assertThat(rig.ssdReads).isGreaterThan(reads);
    }

    @Test
    void shouldListDirtyBlocksWhenTheyAreDamaged() {
        rig.write(0, 10 * BLOCK);
        rig.damage(3);
        rig.failReads(4);

        Heard heard = scrub(64 * MIB);

        assertThat(heard.last).isEqualTo(new ScrubReport(10, 10, 0, 2));
        assertThat(rig.lost()).extracting(LostRange::offset).containsExactly(3L * BLOCK, 4L * BLOCK);
        assertThat(rig.lost())
                .extracting(LostRange::cause)
                .containsExactly(LostRange.Cause.CHECKSUM, LostRange.Cause.READ_ERROR);
    }

    @Test
    void shouldTakeFromTheListWhatCanBeReadAgain() {
        rig.write(0, BLOCK);
        rig.failReads(0);
        scrub(64 * MIB);
        rig.heal();

        assertThat(scrub(64 * MIB).last).isEqualTo(new ScrubReport(1, 1, 0, 0));
        assertThat(rig.lost()).isEmpty();
    }

    @Test
    void shouldGiveUpWhenTheSsdDoesNotAnswer() {
        rig.write(0, BLOCK);
        rig.loseSsd();

        assertThat(scrub(64 * MIB).status).isEqualTo(IoStatus.IO_ERROR);
        assertThat(rig.lost()).isEmpty();
        rig.heal();
    }

    @Test
    void shouldReadNoFasterThanItIsTold() {
        rig.write(0, 64 * BLOCK);
        long startNs = rig.loop.nowNs();

        scrub(MIB);

        assertThat(rig.loop.nowNs() - startNs).isBetween(900_000_000L, 1_200_000_000L);
    }

    @Test
    void shouldEndWhenItIsCancelled() {
        rig.write(0, 64 * BLOCK);
        Heard heard = new Heard();
        heard.maxSteps = 2;
        rig.cache.scrubber().scrub(MIB, heard);

        rig.loop.runUntil(() -> heard.status != null);

        assertThat(heard.status).isEqualTo(IoStatus.SHUTDOWN);
        assertThat(heard.last).extracting(ScrubReport::checked).isEqualTo(32L);
        assertThat(rig.cache.scrubber().isBusy()).isFalse();
    }

    @Test
    void shouldEndWhenTheCacheIsStopped() {
        rig.write(0, 64 * BLOCK);
        Heard heard = new Heard();
        rig.cache.scrubber().scrub(MIB, heard);
        rig.loop.runUntil(() -> heard.steps.size() > 1);

        rig.restart();

        assertThat(heard.status).isEqualTo(IoStatus.SHUTDOWN);
        assertThat(rig.read(0, BLOCK).bytes()).isEqualTo(newContent(0, BLOCK));
    }

    @Test
    void shouldScrubByItselfWhenTheIntervalHasPassed() {
        ScrubOptions options = new ScrubOptions(10 * HOUR_NS, 64 * MIB);
        rig.read(0, 10 * BLOCK);
        rig.cache.scrubber().every(options);
        rig.damage(3);

        rig.loop.runFor(9 * HOUR_NS);
        assertThat(rig.brick().counters().checksumErrors).isZero();
        rig.loop.runFor(2 * HOUR_NS);

        assertThat(rig.brick().counters().checksumErrors).isPositive();
    }

    @Test
    void shouldNotBeginTheIntervalAnewWhenTheCacheIsOpenedAgain() {
        ScrubOptions options = new ScrubOptions(10 * HOUR_NS, 64 * MIB);
        rig.read(0, 10 * BLOCK);
        rig.cache.scrubber().every(options);
        rig.loop.runFor(9 * HOUR_NS);

        rig.restart();
        rig.damage(3);
        rig.cache.scrubber().every(options);
        rig.loop.runFor(HOUR_NS + HOUR_NS / 2);

        assertThat(rig.brick().counters().checksumErrors).isPositive();
    }

    @Test
    void shouldGoOnWhereItWasCutShortWhenTheCacheIsOpenedAgain() {
        ScrubOptions slow = new ScrubOptions(HOUR_NS, MIB);
        rig.write(0, 128 * BLOCK);
        rig.cache.scrubber().every(slow);
        rig.loop.runUntil(() -> rig.ssdReads >= 4);

        rig.restart();
        rig.cache.scrubber().every(slow);
        rig.loop.runFor(10_000_000_000L);

        // 2 MiB in reads of 256 KiB: none is done twice, one may have been under way when it was stopped.
        assertThat(rig.ssdReads).isBetween(8, 9);
    }
}
