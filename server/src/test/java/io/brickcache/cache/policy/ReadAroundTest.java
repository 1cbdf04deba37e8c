package io.brickcache.cache.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.env.sim.SeededEntropy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadAroundTest {

    private static final int PROBATION = 10_000;

    private final ReadAround choice = new ReadAround(12, PROBATION, PROBATION);
    private final SeededEntropy entropy = new SeededEntropy(3);

    /** A miss of one block. */
    private void miss(long block) {
        choice.read(block >> 6, 1L << block, 1L << block, false);
    }

    private static int clusterGrains(ReadAround of) {
        return of.clusterBytes() / ReadAround.GRAIN_BYTES;
    }

    @Test
    void shouldReadNothingAlongWhenReadsAreRandom() {
        for (int i = 0; i < 20_000; i++) {
            miss(entropy.nextLong(1L << 30));

            assertThat(clusterGrains(choice)).as("after %d misses", i).isEqualTo(1);
        }
    }

    @Test
    void shouldReadWholeWindowsWhenReadsGoUpwards() {
        for (int block = 0; block < 1_000; block++) {
            miss(block);
        }

        assertThat(clusterGrains(choice)).isEqualTo(64);
    }

    @Test
    void shouldReadAsMuchAsIsAskedForTogether() {
        for (int i = 0; i < 2_000; i++) {
            long cluster = entropy.nextLong(1L << 30) & -8;
            for (int block = 0; block < 8; block++) {
                miss(cluster + block);
            }
        }

        assertThat(clusterGrains(choice)).isEqualTo(8);
    }

    @Test
    void shouldKeepReadingAlongWhenThatMakesHitsOfTheMisses() {
        for (int i = 0; i < 5_000; i++) {
            long cluster = entropy.nextLong(1L << 24) & -16;
            miss(cluster);
            for (int block = 1; block < 16; block++) {
                if (block < clusterGrains(choice)) {
                    choice.readAlong(cluster >> 6, 1L << (cluster + block));
                    choice.read(cluster >> 6, 1L << (cluster + block), 0, false);
                } else {
                    miss(cluster + block);
                }
            }
        }

        assertThat(clusterGrains(choice)).isEqualTo(16);
    }

    @Test
    void shouldStopReadingAlongWhenReadsBecomeRandom() {
        for (int block = 0; block < 2_000; block++) {
            miss(block);
        }
        for (int i = 0; i < 10_000; i++) {
            miss(entropy.nextLong(1L << 30));
        }

        assertThat(clusterGrains(choice)).isEqualTo(1);
    }

    @Test
    void shouldReadNothingAlongWhenItWouldBeEvictedBeforeItIsAskedFor() {
        ReadAround small = new ReadAround(12, 100, 100);
        for (int round = 0; round < 20; round++) {
            for (int window = 0; window < 1_000; window++) {
                long block = window * 64L + round;
                small.read(block >> 6, 1L << block, 1L << block, false);
            }
        }

        assertThat(clusterGrains(small)).isEqualTo(1);
    }

    @Test
    void shouldReadNothingAlongForAStreamThatTheHeadFollowsAnyway() {
        for (int block = 0; block < 5_000; block++) {
            choice.read(block >> 6, 1L << block, 1L << block, block > 0);
        }

        assertThat(clusterGrains(choice)).isEqualTo(1);
    }

    @Test
    void shouldTakeNoNoticeOfHitsOnWhatWasAskedFor() {
        for (int i = 0; i < 10_000; i++) {
            long block = entropy.nextInt(64);
            choice.read(block >> 6, 1L << block, 0, false);
        }

        assertThat(clusterGrains(choice)).isEqualTo(1);
    }

    @Test
    void shouldReadNoMoreAlongThanThereIsRoomFor() {
        ReadAround tight = new ReadAround(12, PROBATION, 6);
        for (int block = 0; block < 1_000; block++) {
            tight.read(block >> 6, 1L << block, 1L << block, false);
        }

        assertThat(clusterGrains(tight)).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13, 14, 15, 16})
    void shouldReadWindowsOf256KiBAtEveryBlockSize(int blockShift) {
        ReadAround of = new ReadAround(blockShift, PROBATION, PROBATION);
        for (int grain = 0; grain < 2_000; grain++) {
            of.read(grain >> 6, 1L << grain, 1L << grain, false);
        }

        assertThat(of.clusterBytes()).isEqualTo(ReadAround.WINDOW_BYTES);
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 14, 15, 16})
    void shouldReadPartsOfBlocksWhenNothingElseIsAskedForOfThem(int blockShift) {
        ReadAround of = new ReadAround(blockShift, PROBATION, PROBATION);
        for (int i = 0; i < 2_000; i++) {
            long grain = entropy.nextLong(1L << 30);
            of.read(grain >> 6, 1L << grain, 1L << grain, false);
        }

        assertThat(of.clusterBytes()).isLessThan(1 << blockShift);
    }

    /** Blocks of 64 KiB of which each miss takes one slot, however little of it is read. */
    @Test
    void shouldCountASlotForWhatIsLessThanABlock() {
        ReadAround of = new ReadAround(16, 100, 100);
        for (int round = 0; round < 20; round++) {
            for (int window = 0; window < 1_000; window++) {
                of.read(window, 1L << 2 * round, 1L << 2 * round, false);
            }
        }

        assertThat(of.clusterBytes()).isEqualTo(ReadAround.GRAIN_BYTES);
    }
}
