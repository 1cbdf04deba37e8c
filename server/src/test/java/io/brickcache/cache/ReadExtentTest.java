package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.policy.ReadAround;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Blocks of 64 KiB, of units of 1 KiB; the reads are of two blocks. */
class ReadExtentTest {

    private static final int KIB = 1 << 10;
    private static final int BLOCK = 64 * KIB;
    private static final int NOTHING_PAYS = ReadAround.GRAIN_BYTES;
    private static final int NO_ROOM = 0;

    private final ReadExtent extent = new ReadExtent(new BlockShape(BLOCK));

    private void assertReads(int from, int to) {
        assertThat(extent.start(0)).isEqualTo(from);
        assertThat(extent.end(1)).isEqualTo(to);
        assertThat(extent.end(0)).as("end of the first block").isEqualTo(BLOCK);
        assertThat(extent.start(1)).as("start of the second block").isEqualTo(BLOCK);
    }

    @ParameterizedTest
    @CsvSource({"64", "128", "256"})
    void shouldReadWholeBlocksWhenTheirNeighbourhoodPays(int clusterKib) {
        extent.choose(5 * KIB, BLOCK + 7 * KIB, clusterKib * KIB, false);

        assertReads(0, 2 * BLOCK);
        assertThat(extent.units(0)).isEqualTo(-1L);
        assertThat(extent.units(1)).isEqualTo(-1L);
    }

    @Test
    void shouldReadTheClustersAloneWhenTheyAreLessThanABlock() {
        extent.choose(21 * KIB, BLOCK + 9 * KIB, 8 * KIB, false);

        assertReads(16 * KIB, BLOCK + 16 * KIB);
        assertThat(extent.units(0)).isEqualTo(-1L << 16);
        assertThat(extent.units(1)).isEqualTo((1L << 16) - 1);
    }

    @Test
    void shouldReadWhatIsAskedForAloneWhenNothingPays() {
        extent.choose(21 * KIB, BLOCK + 9 * KIB, NOTHING_PAYS, false);

        assertReads(21 * KIB, BLOCK + 9 * KIB);
        assertThat(extent.units(0)).isEqualTo(-1L << 21);
        assertThat(extent.units(1)).isEqualTo((1L << 9) - 1);
    }

    @Test
    void shouldReadWholeBlocksWhenUnitsAreAskedForInPart() {
        extent.choose(21 * KIB + 512, BLOCK + 9 * KIB, NOTHING_PAYS, false);

        assertReads(0, 2 * BLOCK);
    }

    /** The next request of a sequence would have to go back for a sector more. */
    @ParameterizedTest
    @CsvSource({NO_ROOM + ", false", NO_ROOM + ", true", NOTHING_PAYS + ", true"})
    void shouldReadNotASectorMoreWhenNothingIsPromoted(int clusterBytes, boolean ofStream) {
        extent.choose(21 * KIB + 512, BLOCK + 9 * KIB + 512, clusterBytes, ofStream);

        assertReads(21 * KIB + 512, BLOCK + 9 * KIB + 512);
    }
}
