package io.brickcache.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeadTest {

    private static final long POSITIONING_NS = 15_000_000;
    private static final long KIB = 1024;

    private final Head head = new Head(DiskModel.SATA_5400);

    @Test
    void shouldPositionWhenTheFirstRequestBeginsAtTheStart() {
        assertThat(head.move(0, 4 * KIB)).isEqualTo(POSITIONING_NS + 40_960);
        assertThat(head.positioned()).isTrue();
    }

    @Test
    void shouldOnlyTransferWhenARequestBeginsWhereTheLastOneEnded() {
        head.move(0, 4 * KIB);
        assertThat(head.move(4 * KIB, 8 * KIB)).isEqualTo(81_920);
        assertThat(head.positioned()).isFalse();
    }

    @Test
    void shouldPassOverTheGapWhenItIsNotLongerThan128KiB() {
        head.move(0, 4 * KIB);
        assertThat(head.move(132 * KIB, 4 * KIB)).isEqualTo(10 * 132 * KIB);
        assertThat(head.positioned()).isFalse();
    }

    @Test
    void shouldPositionWhenTheGapIsLongerThan128KiB() {
        head.move(0, 4 * KIB);
        assertThat(head.move(132 * KIB + 512, 4 * KIB)).isEqualTo(POSITIONING_NS + 40_960);
        assertThat(head.positioned()).isTrue();
    }

    @Test
    void shouldPositionWhenARequestBeginsBeforeTheEndOfTheLastOne() {
        head.move(0, 4 * KIB);
        assertThat(head.move(4 * KIB - 512, 512)).isEqualTo(POSITIONING_NS + 5_120);
    }

    @Test
    void shouldCostWhatAnotherDiskCosts() {
        assertThat(new Head(DiskModel.SATA_7200).move(0, 1_000_000)).isEqualTo(12_700_000 + 5_000_000);
    }
}
