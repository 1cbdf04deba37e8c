package io.brickcache.cache;

import static io.brickcache.cache.CacheRig.BLOCK;
import static io.brickcache.cache.CacheRig.BRICK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoStatus;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is too long to be found again does not take the place of what is. */
class StreamsTest {

    private static final int BLOCKS_OF_1_MIB = (1 << 20) / BLOCK;
    private static final int LOW_MARK = CacheRig.SLOTS * CacheOptions.DEFAULTS.dirtyLowPercent() / 100;

    private final CacheRig rig = new CacheRig(6);
    private final WatchedDisk disk = new WatchedDisk(rig.device("disk", BRICK_BYTES));
    private final CachedBrick brick = rig.attach(disk);

    @Test
    void shouldNotPromoteAStreamOfReadsFromOneMebibyteOn() {
        for (int block = 0; block < 3 * BLOCKS_OF_1_MIB; block++) {
            rig.read(brick, block);
        }
        rig.loop.runFor(1_000_000_000L);

        assertThat(brick.counters().streamReadBlocks).isEqualTo(2L * BLOCKS_OF_1_MIB + 1);
        for (int block = BLOCKS_OF_1_MIB; block < 3 * BLOCKS_OF_1_MIB; block++) {
            assertThat(CacheRig.isCached(brick, block)).as("block %d", block).isFalse();
        }
    }

    @Test
    void shouldPromoteReadsThatAreNoStream() {
        for (int block = 40; block > 0; block--) {
            rig.read(brick, block);
        }
        rig.loop.runFor(1_000_000_000L);

        assertThat(brick.counters().streamReadBlocks).isZero();
        assertThat(CacheRig.isCached(brick, 17)).isTrue();
    }

    @Test
    void shouldWriteALongStreamAroundWhenMuchIsDirty() {
        assertThat(rig.write(brick, 0, LOW_MARK + 2, 1)).isEqualTo(IoStatus.OK);
        for (int mebibyte = 0; mebibyte < 4; mebibyte++) {
            for (int block = 0; block < BLOCKS_OF_1_MIB; block += 16) {
                assertThat(rig.write(brick, mebibyte * BLOCKS_OF_1_MIB + block, 16, block))
                        .isEqualTo(IoStatus.OK);
            }
        }
        assertThat(brick.counters().aroundStreamBytes).isEqualTo(16L * BLOCK);
        assertThat(disk.writes).contains(new WatchedDisk.Range(BRICK_BYTES - 16L * BLOCK, 16L * BLOCK));
    }

    @Test
    void shouldNotWriteAroundWhatHasToGoToTheDiskLaterAnyway() {
        assertThat(rig.write(brick, 1024 - LOW_MARK - 2, LOW_MARK + 2, 1)).isEqualTo(IoStatus.OK);
        for (int block = 0; block < 1024; block += 16) {
            assertThat(rig.write(brick, block, 16, block)).isEqualTo(IoStatus.OK);
        }
        assertThat(brick.counters().aroundStreamBytes).isZero();
    }

    @Test
    void shouldSpareADiskThatTheCacheCostsMoreThanItSaves() {
        assertThat(rig.write(brick, 0, LOW_MARK + 2, 1)).isEqualTo(IoStatus.OK);
        assertThat(rig.write(brick, 900, 1, 2)).isEqualTo(IoStatus.OK);
        assertThat(disk.writes).as("the cache has room").isEmpty();
        positionForNothing(40);
        assertThat(rig.write(brick, 700, 1, 3)).isEqualTo(IoStatus.OK);

        assertThat(disk.writes).containsExactly(new WatchedDisk.Range(700L * BLOCK, BLOCK));
        assertThat(brick.counters().aroundNoGainBytes).isEqualTo(BLOCK);
        assertThat(brick.isBypassed()).isTrue();
        assertThat(brick.neighbourhood().clusterBytes()).isPositive();
        assertThat(rig.write(brick, 900, 1, 4)).isEqualTo(IoStatus.OK);
        assertThat(disk.writes).as("a dirty block").hasSize(1);

        positionForNothing(60);
        assertThat(rig.write(brick, 900, 1, 5)).isEqualTo(IoStatus.OK);
        assertThat(disk.writes).as("a dirty block when it is worse").hasSize(2);
        assertThat(brick.neighbourhood().clusterBytes()).isZero();
    }

    private void positionForNothing(int times) {
        for (int i = 0; i < times; i++) {
            brick.regret().used(new DiskHead(), 0);
        }
    }

    @Test
    void shouldAnswerWritesWhenNothingMakesRoom() {
        List<IoStatus> answers = new ArrayList<>();
        for (int block = 0; block < 2 * CacheRig.SLOTS; block++) {
            rig.submitWrite(brick, block * 2L % 1024 + block / 512, block, answers::add);
            if (block % 64 == 0) {
                rig.loop.runFor(10_000_000L);
            }
        }
        rig.loop.runUntil(() -> answers.size() == 2 * CacheRig.SLOTS);

        assertThat(answers).hasSize(2 * CacheRig.SLOTS).containsOnly(IoStatus.OK);
        assertThat(brick.counters().aroundFullBytes).isPositive();
        rig.cache.checkStructure(false);
    }
}
