package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DemotionPaceTest {

    private static final long MS = 1_000_000L;

    private final DemotionPace pace = new DemotionPace(200 * MS);

    /** The writes of a portion. */
    private int portion() {
        int writes = 1;
        while (!pace.isPortion(writes)) {
            writes++;
        }
        return writes;
    }

    @Test
    void shouldBeginWithAPositioningForEachWriteWhenNothingIsKnown() {
        assertThat(portion()).isEqualTo(17);
    }

    @Test
    void shouldFollowTheDiskWhenItIsFasterAndWhenItIsSlowerAgain() {
        for (int i = 0; i < 20; i++) {
            pace.took(100, 100 * MS);
        }
        assertThat(portion()).isBetween(180, 200);

        for (int i = 0; i < 20; i++) {
            pace.took(10, 500 * MS);
        }
        assertThat(portion()).isBetween(4, 5);
    }

    @Test
    void shouldSyncEveryWriteWhenEachTakesLongerThanAPortion() {
        for (int i = 0; i < 50; i++) {
            pace.took(1, 5_000 * MS);
        }
        assertThat(portion()).isBetween(1, 2);
    }

    @Test
    void shouldHaveALimitWhenTheDiskTakesNoTime() {
        for (int i = 0; i < 100; i++) {
            pace.took(1000, 0);
        }
        assertThat(portion()).isBetween(19_000, 20_000);
    }
}
