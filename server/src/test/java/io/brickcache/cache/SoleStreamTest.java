package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SoleStreamTest {

    private static final int STEP = 1 << 20;

    private final SoleStream stream = new SoleStream(4 * STEP);
    private long at;

    private boolean next(boolean headIsThere) {
        stream.request(at, STEP);
        at += STEP;
        return stream.goesAround(headIsThere);
    }

    @Test
    void shouldGoAroundWhenTheBrickHasSeenNothingElseForLong() {
        assertThat(next(false)).isFalse();
        assertThat(next(false)).isFalse();
        assertThat(next(false)).isFalse();
        assertThat(next(false)).as("the disk is positioned once").isTrue();
        assertThat(next(true)).isTrue();
    }

    @Test
    void shouldStayInTheCacheWhenOthersAskInBetween() {
        for (int i = 0; i < 20; i++) {
            assertThat(next(true)).isFalse();
            stream.request(1L << 40, 4096);
        }
    }

    @Test
    void shouldGoBackToTheCacheForAsLongAgainWhenTheHeadHasLeft() {
        for (int i = 0; i < 6; i++) {
            next(true);
        }
        assertThat(next(false)).isFalse();
        for (int i = 0; i < 3; i++) {
            assertThat(next(false)).isFalse();
        }
        assertThat(next(false)).isTrue();
    }
}
