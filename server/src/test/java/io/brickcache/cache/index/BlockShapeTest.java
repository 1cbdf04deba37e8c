package io.brickcache.cache.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.env.sim.SeededEntropy;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlockShapeTest {

    @ParameterizedTest
    @CsvSource({"4096,512,8,12", "8192,512,16,13", "16384,512,32,14", "32768,512,64,15", "65536,1024,64,16"})
    void shouldDivideBlocksIntoAtMost64Units(int blockBytes, int unitBytes, int units, int shift) {
        BlockShape shape = new BlockShape(blockBytes);

        assertThat(shape.unitBytes()).isEqualTo(unitBytes);
        assertThat(shape.unitsPerBlock()).isEqualTo(units);
        assertThat(shape.blockShift()).isEqualTo(shift);
        assertThat(Long.bitCount(shape.fullMask())).isEqualTo(units);
        assertThat(Long.numberOfLeadingZeros(shape.fullMask())).isEqualTo(64 - units);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -4096, 512, 2048, 4095, 12288, 131072, Integer.MIN_VALUE})
    void shouldRefuseOtherBlockSizes(int blockBytes) {
        assertThatThrownBy(() -> new BlockShape(blockBytes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("block size " + blockBytes);
    }

    @ParameterizedTest
    @ValueSource(ints = {4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10})
    void shouldTellWhollyCoveredFromTouchedUnits(int blockBytes) {
        BlockShape shape = new BlockShape(blockBytes);
        SeededEntropy entropy = new SeededEntropy(blockBytes);
        for (int i = 0; i < 3_000; i++) {
            int grain = entropy.pick(1, 512, 1024);
            int from = entropy.nextInt(blockBytes / grain + 1) * grain;
            int to = from + entropy.nextInt((blockBytes - from) / grain + 1) * grain;
            long whole = 0;
            long touched = 0;
            for (int unit = 0; unit < shape.unitsPerBlock(); unit++) {
                int begin = unit * shape.unitBytes();
                int end = begin + shape.unitBytes();
                whole |= from <= begin && end <= to ? 1L << unit : 0;
                touched |= from < end && begin < to && from < to ? 1L << unit : 0;
            }

            assertThat(shape.mask(from, to)).as("mask(%d, %d)", from, to).isEqualTo(whole);
            if (from < to) {
                assertThat(shape.cover(from, to)).as("cover(%d, %d)", from, to).isEqualTo(touched);
            }
            assertThat(shape.isAligned(from, to))
                    .isEqualTo(from % shape.unitBytes() == 0 && to % shape.unitBytes() == 0);
        }
    }
}
