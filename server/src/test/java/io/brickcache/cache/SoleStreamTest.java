package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SoleStreamTest {

    private static final int STEP = 1 << 20;

    private final SoleStream stream = new SoleStream(4 * STEP);
    private long at;

    private final DiskHead head = new DiskHead();

    private boolean next() {
        stream.request(at, STEP);
        at += STEP;
        return stream.goesAround(at - STEP, head);
    }

    @Test
    void shouldGoAroundWhenTheBrickHasSeenNothingElseForLong() {
        assertThat(next()).isFalse();
        assertThat(next()).isFalse();
        assertThat(next()).isFalse();
        assertThat(next()).as("the disk is positioned once").isTrue();
        head.moved(at);
        assertThat(next()).isTrue();
    }

    @Test
    void shouldGoOnWhenTheFirstWritesHaveNotReachedTheDisk() {
        head.moved(1L << 40);
        for (int i = 0; i < 3; i++) {
            next();
        }
        long first = at;
        for (int i = 0; i < 5; i++) {
            assertThat(next()).isTrue();
        }
        head.moved(first + STEP);
        assertThat(next()).as("behind, on its way").isTrue();
    }

    @Test
    void shouldStayInTheCacheWhenOthersAskInBetween() {
        for (int i = 0; i < 20; i++) {
            assertThat(next()).isFalse();
            stream.request(1L << 40, 4096);
        }
    }

    @Test
    void shouldGoBackToTheCacheForAsLongAgainWhenTheHeadHasLeft() {
        for (int i = 0; i < 6; i++) {
            next();
            head.moved(at);
        }
        head.moved(1L << 40);
        assertThat(next()).isFalse();
        for (int i = 0; i < 3; i++) {
            assertThat(next()).isFalse();
        }
        assertThat(next()).isTrue();
    }
}
