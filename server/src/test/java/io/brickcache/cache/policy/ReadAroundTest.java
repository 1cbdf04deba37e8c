package io.brickcache.cache.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.env.sim.SeededEntropy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadAroundTest {

    private static final int PROBATION = 10_000;

    private final ReadAround choice = new ReadAround(12, PROBATION);
    private final SeededEntropy entropy = new SeededEntropy(3);

    /** A miss of one block. */
    private void miss(long block) {
        choice.read(block >> 6, 1L << block, 1L << block, false);
    }

    @Test
    void shouldReadNothingAlongWhenReadsAreRandom() {
        for (int i = 0; i < 20_000; i++) {
            miss(entropy.nextLong(1L << 30));

            assertThat(choice.clusterBlocks()).as("after %d misses", i).isEqualTo(1);
        }
    }

    @Test
    void shouldReadWholeWindowsWhenReadsGoUpwards() {
        for (int block = 0; block < 1_000; block++) {
            miss(block);
        }

        assertThat(choice.clusterBlocks()).isEqualTo(64);
    }

    @Test
    void shouldReadAsMuchAsIsAskedForTogether() {
        for (int i = 0; i < 2_000; i++) {
            long cluster = entropy.nextLong(1L << 30) & -8;
            for (int block = 0; block < 8; block++) {
                miss(cluster + block);
            }
        }

        assertThat(choice.clusterBlocks()).isEqualTo(8);
    }

    @Test
    void shouldKeepReadingAlongWhenThatMakesHitsOfTheMisses() {
        for (int i = 0; i < 5_000; i++) {
            long cluster = entropy.nextLong(1L << 24) & -16;
            miss(cluster);
            for (int block = 1; block < 16; block++) {
                if (block < choice.clusterBlocks()) {
                    choice.readAlong(cluster + block);
                    choice.read(cluster >> 6, 1L << (cluster + block), 0, false);
                } else {
                    miss(cluster + block);
                }
            }
        }

        assertThat(choice.clusterBlocks()).isEqualTo(16);
    }

    @Test
    void shouldStopReadingAlongWhenReadsBecomeRandom() {
        for (int block = 0; block < 2_000; block++) {
            miss(block);
        }
        for (int i = 0; i < 10_000; i++) {
            miss(entropy.nextLong(1L << 30));
        }

        assertThat(choice.clusterBlocks()).isEqualTo(1);
    }

    @Test
    void shouldReadNothingAlongWhenItWouldBeEvictedBeforeItIsAskedFor() {
        ReadAround small = new ReadAround(12, 100);
        for (int round = 0; round < 20; round++) {
            for (int window = 0; window < 1_000; window++) {
                long block = window * 64L + round;
                small.read(block >> 6, 1L << block, 1L << block, false);
            }
        }

        assertThat(small.clusterBlocks()).isEqualTo(1);
    }

    @Test
    void shouldReadNothingAlongForAStreamThatTheHeadFollowsAnyway() {
        for (int block = 0; block < 5_000; block++) {
            choice.read(block >> 6, 1L << block, 1L << block, block > 0);
        }

        assertThat(choice.clusterBlocks()).isEqualTo(1);
    }

    @Test
    void shouldTakeNoNoticeOfHitsOnWhatWasAskedFor() {
        for (int i = 0; i < 10_000; i++) {
            long block = entropy.nextInt(64);
            choice.read(block >> 6, 1L << block, 0, false);
        }

        assertThat(choice.clusterBlocks()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13, 14, 15, 16})
    void shouldReadWindowsOf256KiBAtEveryBlockSize(int blockShift) {
        ReadAround of = new ReadAround(blockShift, PROBATION);
        assertThat(of.windowBlocks() << blockShift).isEqualTo(ReadAround.WINDOW_BYTES);
        for (int block = 0; block < 2_000; block++) {
            long window = block / of.windowBlocks();
            long bit = 1L << block % of.windowBlocks();
            of.read(window, bit, bit, false);
        }

        assertThat(of.clusterBlocks()).isEqualTo(of.windowBlocks());
    }
}
