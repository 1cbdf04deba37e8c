package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DiskRegretTest {

    private static final int PAGE = 4096;
    private static final int ALLOWED = 2;
    private static final int SLACK = 64;

    private final DiskHead head = new DiskHead();
    private final DiskRegret regret = new DiskRegret(ALLOWED);
    private long dirtyBlocks;
    private long elsewhere;

    /** The disk goes where it was never before. */
    private void position(int times) {
        for (int i = 0; i < times; i++) {
            elsewhere += 1 << 20;
            regret.used(head, elsewhere);
            head.moved(elsewhere + PAGE);
        }
    }

    /** What clients ask for is nowhere near what they asked for before. */
    private void askAnywhere(int times) {
        for (int i = 0; i < times; i++) {
            elsewhere += 1 << 20;
            regret.asked(elsewhere, PAGE);
        }
    }

    private boolean isSparing() {
        regret.weigh(true, dirtyBlocks);
        return regret.isSparing();
    }

    @Test
    void shouldSpareTheDiskWhenItPositionedMoreOftenThanWithoutACache() {
        askAnywhere(10);
        position(10 + ALLOWED);
        assertThat(isSparing()).isFalse();

        position(1);
        assertThat(isSparing()).isTrue();
    }

    @Test
    void shouldNotCountWhatPassesUnderTheHead() {
        regret.asked(0, PAGE);
        regret.asked(PAGE, PAGE);
        regret.asked(3 * PAGE, PAGE);
        for (int i = 0; i < 100; i++) {
            regret.used(head, i * 2L * PAGE);
            head.moved((i * 2L + 1) * PAGE);
        }
        position(ALLOWED);
        assertThat(isSparing()).isFalse();

        position(1);
        assertThat(isSparing()).isTrue();
    }

    @Test
    void shouldNotBeginToSpareWhileThereIsRoom() {
        position(100);
        regret.weigh(false, 0);
        assertThat(regret.isSparing()).isFalse();

        assertThat(isSparing()).isTrue();
        regret.weigh(false, 0);
        assertThat(regret.isSparing()).as("until it pays again").isTrue();
    }

    @Test
    void shouldTryAgainAfterManyRequestsThatCostTheSame() {
        position(ALLOWED + 1);
        for (int i = 0; i < 255; i++) {
            askAnywhere(1);
            position(1);
            assertThat(isSparing()).isTrue();
        }
        askAnywhere(1);
        position(1);
        assertThat(isSparing()).isFalse();
    }

    @Test
    void shouldReadAroundUntilThatHasCostMore() {
        position(SLACK);
        assertThat(isSparing()).isTrue();
        assertThat(regret.isSparingAll()).isFalse();

        position(1);
        assertThat(isSparing()).isTrue();
        assertThat(regret.isSparingAll()).isTrue();
    }

    @Test
    void shouldCountBlocksThatWereDirtyAtTheStartAsSaved() {
        regret.restored(1000);
        position(1000 + ALLOWED);
        assertThat(isSparing()).isFalse();

        position(1);
        assertThat(isSparing()).isTrue();
    }

    @Test
    void shouldForgetWhatWasSavedLongAgo() {
        dirtyBlocks = 10;
        askAnywhere(1_000_000);
        assertThat(isSparing()).isFalse();
        position(10 + SLACK + ALLOWED);
        assertThat(isSparing()).isFalse();

        position(1);
        assertThat(isSparing()).isTrue();
    }

    @Test
    void shouldForgetWhatWasLostLongAgo() {
        position(1_000_000);
        assertThat(isSparing()).isTrue();
        askAnywhere(2 * SLACK);
        assertThat(isSparing()).isFalse();
    }
}
