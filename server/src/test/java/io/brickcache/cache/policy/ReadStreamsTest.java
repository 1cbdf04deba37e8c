package io.brickcache.cache.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.env.sim.SeededEntropy;
import org.junit.jupiter.api.Test;

class ReadStreamsTest {

    private final ReadStreams streams = new ReadStreams();

    @Test
    void shouldAddUpWhatFollowsOnEachOther() {
        assertThat(streams.read(4096, 8192)).isEqualTo(8192);
        assertThat(streams.read(12288, 512)).isEqualTo(8704);
        assertThat(streams.read(12800, 100)).isEqualTo(8804);
    }

    @Test
    void shouldBeginAnewAfterAGapAndWhenGoingBack() {
        streams.read(4096, 8192);

        assertThat(streams.read(16384, 4096)).isEqualTo(4096);
        assertThat(streams.read(16384, 4096)).isEqualTo(4096);
        assertThat(streams.read(8192, 4096)).isEqualTo(4096);
    }

    @Test
    void shouldFollowSeveralStreamsAmongOtherReads() {
        SeededEntropy entropy = new SeededEntropy(11);
        int longest = 0;
        for (int i = 0; i < 1_000; i++) {
            for (int stream = 0; stream < 4; stream++) {
                long run = streams.read((stream + 1L << 40) + i * 65536L, 65536);
                longest = Math.max(longest, (int) (run >> 16));
            }
            streams.read(entropy.nextLong(1L << 36) << 12, 4096);
        }

        assertThat(longest).isGreaterThan(100);
    }

    @Test
    void shouldTakeOneReadForAStreamOnce() {
        streams.read(0, 4096);
        streams.read(4096, 4096);

        assertThat(streams.read(4096, 4096))
                .as("a second reader of the same place")
                .isEqualTo(4096);
    }
}
