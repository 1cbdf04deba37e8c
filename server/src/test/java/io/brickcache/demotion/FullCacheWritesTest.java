package io.brickcache.demotion;

import static io.brickcache.demotion.DemotionRig.SECOND_NS;
import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.sim.LatencyModel;
import io.brickcache.cache.CacheOptions;
import io.brickcache.env.sim.SeededEntropy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What writers get of a full cache while they ask for more than its disk can do: the rate of demotion, and that steadily. */
class FullCacheWritesTest {

    private static final DemotionOptions OPTIONS = new DemotionOptions(20, 60, 3600 * SECOND_NS, 2 * SECOND_NS);
    private static final long POSITIONING_NS = 12_000_000L;

    /** Dirty blocks lie close, and not next to each other: some 90 writes, more than a second, in one batch. */
    private static final int REGIONS = 24;

    private static final int WRITERS = 8;

    private final SeededEntropy entropy = new SeededEntropy(23);
    private final List<Long> answeredNs = new ArrayList<>();

    /** One arm, without a cache: each write is answered after those before it. */
    private static final class Arm implements LatencyModel {
        private long freeAtNs;

        @Override
        public long latencyNs(IoRequest request, long nowNs) {
            freeAtNs = Math.max(freeAtNs, nowNs) + (request.op() == IoOp.WRITE ? POSITIONING_NS : 100_000);
            return freeAtNs - nowNs;
        }
    }

    /** A disk with a cache of its own: it answers writes at once, and a sync when all of them are on the medium. */
    private static final class CachingArm implements LatencyModel {
        private long freeAtNs;

        @Override
        public long latencyNs(IoRequest request, long nowNs) {
            if (request.op() == IoOp.WRITE) {
                freeAtNs = Math.max(freeAtNs, nowNs) + POSITIONING_NS;
                return 100_000;
            }
            return Math.max(freeAtNs - nowNs, 0) + 100_000;
        }
    }

    @Test
    void shouldAnswerWritesSteadilyWhenTheCacheIsFullAndTheDiskIsSlow() {
        assertSteady(new Arm());
    }

    @Test
    void shouldAnswerWritesSteadilyWhenTheDiskTakesItsTimeForTheSync() {
        assertSteady(new CachingArm());
    }

    private void assertSteady(LatencyModel disk) {
        DemotionRig rig = DemotionRig.with(OPTIONS, CacheOptions.MIN_COMMIT_INTERVAL_NS, disk);
        for (int i = 0; i < WRITERS; i++) {
            writeForever(rig);
        }
        rig.loop.runFor(10 * SECOND_NS);
        long fullNs = rig.loop.nowNs();
        answeredNs.clear();
        long demotedBefore = rig.brick.counters().demotedBlocks;
        rig.loop.runFor(30 * SECOND_NS);

        long longestNs = 0;
        long lastNs = fullNs;
        for (long atNs : answeredNs) {
            longestNs = Math.max(longestNs, atNs - lastNs);
            lastNs = atNs;
        }
        assertThat(rig.dirtyBlocks()).as("full").isGreaterThan(260);
        assertThat(longestNs).as("longest time without an answer").isLessThan(SECOND_NS * 6 / 10);
        assertThat(rig.brick.counters().demotedBlocks - demotedBefore)
                .as("the disk is not idle: blocks demoted in 30 s, of the writes that it has time for")
                .isGreaterThan(30 * SECOND_NS / POSITIONING_NS * 3 / 4);
    }

    private void writeForever(DemotionRig rig) {
        int block = 2 * entropy.nextInt(DemotionRig.REGION_BLOCKS / 2);
        rig.submitWrite(entropy.nextInt(REGIONS), block, 1, () -> {
            answeredNs.add(rig.loop.nowNs());
            writeForever(rig);
        });
    }
}
