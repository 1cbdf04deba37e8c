package io.brickcache.cache;

import static io.brickcache.cache.CacheRig.BLOCK;
import static io.brickcache.cache.CacheRig.BRICK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.Medium;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What a read misses brings its neighbourhood along, once that pays. */
class ReadingAroundTest {

    private static final int BLOCKS = (int) (BRICK_BYTES / BLOCK);

    private final CacheRig rig = new CacheRig(5);
    private final Medium medium = new Medium(BRICK_BYTES, 512);
    private final WatchedDisk disk = new WatchedDisk(rig.device("disk", medium));
    private final CachedBrick brick = rig.attach(disk);

    ReadingAroundTest() {
        ByteBuffer content = ByteBuffer.allocate(BLOCK);
        for (int block = 0; block < BLOCKS; block++) {
            for (int i = 0; i < BLOCK; i++) {
                content.put(i, (byte) (block * 31 + i / 512));
            }
            medium.preset((long) block * BLOCK, content, 0, BLOCK);
        }
    }

    private void expect(long block) {
        byte[] sectors = rig.read(brick, block);
        assertThat(sectors).isNotNull();
        for (int sector = 0; sector < 8; sector++) {
            assertThat(Required.of(sectors)[sector]).as("block %d", block).isEqualTo((byte) (block * 31 + sector));
        }
    }

    /** Pairs of blocks far from each other, downwards, so that the disk has to position: the second one would have been saved. */
    private void learnPairs() {
        for (int pair = 0; pair < 200; pair++) {
            long block = pair * 22L % BLOCKS & -2;
            expect(block + 1);
            expect(block);
        }
    }

    @Test
    void shouldServeNeighboursFromTheSsdWhenTheyAreAskedForTogether() {
        learnPairs();
        rig.loop.runFor(1_000_000_000L);
        long around = brick.counters().readAroundBlocks;
        assertThat(around).isPositive();

        int before = disk.reads.size();
        long fresh = fresh(2);
        expect(fresh);
        rig.loop.runFor(1_000_000_000L);
        int after = disk.reads.size();
        expect(fresh + 1);

        assertThat(after).isGreaterThan(before);
        assertThat(disk.reads).as("the neighbour was there").hasSize(after);
        rig.cache.checkStructure(true);
    }

    /** As {@link #fresh}, when what is around is read along. */
    private long freshAfterLearning(int blocks) {
        learnPairs();
        rig.loop.runFor(1_000_000_000L);
        disk.reads.clear();
        return fresh(blocks);
    }

    /** The first of so many blocks, the first half of a pair, of which none is in the cache. */
    private long fresh(int blocks) {
        for (long block = 0; block + blocks <= BLOCKS; block += 2) {
            if (LongStream.range(block, block + blocks).noneMatch(each -> CacheRig.isCached(brick, each))) {
                return block;
            }
        }
        throw new AssertionError("all of the brick is in the cache");
    }

    @Test
    void shouldWaitForWhatIsBeingReadAroundInsteadOfReadingItTwice() {
        long fresh = freshAfterLearning(2);
        List<IoStatus> answers = new ArrayList<>();
        rig.submitRead(brick, fresh, 1, answers::add);
        rig.submitRead(brick, fresh + 1, 1, answers::add);
        rig.loop.runUntil(() -> answers.size() == 2);

        assertThat(answers).containsOnly(IoStatus.OK);
        assertThat(disk.readsOf(fresh + 1)).isEqualTo(1);
    }

    @Test
    void shouldReadAtOnceWhatIsBehindTheBlocksThatItWaitsFor() {
        long fresh = freshAfterLearning(3);
        List<IoStatus> answers = new ArrayList<>();
        rig.submitRead(brick, fresh, 1, answers::add);
        rig.submitRead(brick, fresh + 1, 2, answers::add);

        assertThat(disk.readsOf(fresh + 2)).as("before anything was answered").isEqualTo(1);
        rig.loop.runUntil(() -> answers.size() == 2);
        assertThat(answers).containsOnly(IoStatus.OK);
        assertThat(disk.readsOf(fresh + 1)).isEqualTo(1);
        assertThat(disk.readsOf(fresh + 2)).isEqualTo(1);
        rig.cache.checkStructure(true);
    }

    /** What is read around is of no use then, but by its end the SSD has what was written. */
    @Test
    void shouldWaitForWhatIsBeingReadAroundWhenItIsWrittenMeanwhile() {
        long fresh = freshAfterLearning(2);
        List<IoStatus> answers = new ArrayList<>();
        rig.submitRead(brick, fresh, 1, answers::add);
        rig.submitWrite(brick, fresh + 1, 99, answers::add);
        rig.submitRead(brick, fresh + 1, 1, answers::add);
        rig.loop.runUntil(() -> answers.size() == 3);

        assertThat(answers).containsOnly(IoStatus.OK);
        assertThat(disk.readsOf(fresh + 1)).isEqualTo(1);
        rig.cache.checkStructure(false);
    }

    @Test
    void shouldReadNothingAroundWhenReadsAreScattered() {
        for (int i = 0; i < 1_000; i++) {
            expect(i * 67L % BLOCKS);
        }

        assertThat(brick.counters().readAroundBlocks).isLessThan(50);
    }

    @Test
    void shouldReadABlockOnceWhenTwoAskForItAtOnce() {
        List<IoStatus> answers = new ArrayList<>();
        rig.submitRead(brick, 77, 1, answers::add);
        rig.submitRead(brick, 77, 1, answers::add);
        rig.loop.runUntil(() -> answers.size() == 2);

        assertThat(answers).containsOnly(IoStatus.OK);
        assertThat(disk.readsOf(77)).isEqualTo(1);
        rig.loop.runFor(1_000_000_000L);
        rig.cache.checkStructure(true);
    }

    /** Until the disk is synced for the first time nothing is known of what an earlier process wrote: no copy is evictable. */
    @Test
    void shouldGoOnTakingCopiesWhenTheCacheWasFullBeforeTheDiskWasSynced() {
        for (int i = 0; i < CacheRig.SLOTS; i++) {
            expect(i * 3L);
        }
        rig.loop.runFor(5_000_000_000L);
        for (int i = 0; i < 100; i++) {
            expect(BLOCKS - 1 - i * 2);
            rig.loop.runFor(10_000_000L);
        }

        assertThat(CacheRig.isCached(brick, BLOCKS - 1 - 198)).isTrue();
    }
}
