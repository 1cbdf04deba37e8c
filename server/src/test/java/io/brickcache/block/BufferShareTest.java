package io.brickcache.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BufferShareTest {

    private static final int ARENA = 1 << 20;
    private static final int SHARE = ARENA / 4;

    private final BufferPool pool = new BufferPool(ARENA);
    private final BufferShare share = new BufferShare(pool, SHARE);
    private final List<IoBuffer> received = new ArrayList<>();

    private BufferPool.Waiter waiter(int bytes) {
        return new BufferPool.Waiter() {
            @Override
            public int bytesWanted() {
                return bytes;
            }

            @Override
            public void available(IoBuffer buffer) {
                received.add(buffer);
            }
        };
    }

    private static IoBuffer take(BufferShare from, int bytes) {
        return Objects.requireNonNull(from.tryAllocate(bytes));
    }

    @Test
    void shouldLeaveTheRestToOthersWhenUsedUp() {
        take(share, SHARE);
        assertThat(share.tryAllocate(4096)).isNull();
        share.whenAvailable(waiter(4096));

        assertThat(received).isEmpty();
        assertThat(new BufferShare(pool, SHARE).tryAllocate(SHARE)).isNotNull();
        assertThat(pool.freeBytes()).isEqualTo(ARENA / 2);
    }

    @Test
    void shouldServeWaitersInOrderWhenItsOwnMemoryComesBack() {
        IoBuffer first = take(share, SHARE / 2);
        IoBuffer second = take(share, SHARE / 2);
        share.whenAvailable(waiter(SHARE));
        share.whenAvailable(waiter(4096));

        first.release();
        assertThat(received).as("the first waiter wants all of it").isEmpty();
        second.release();
        assertThat(received).hasSize(1);
        received.get(0).release();
        assertThat(received).hasSize(2);
        assertThat(share.usedBytes()).isEqualTo(4096);
    }

    @Test
    void shouldWaitForThePoolWhenOthersHoldIt() {
        List<IoBuffer> others = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            others.add(Objects.requireNonNull(pool.tryAllocate(ARENA / 4)));
        }
        share.whenAvailable(waiter(4096));
        share.whenAvailable(waiter(8192));
        assertThat(received).isEmpty();

        others.get(0).release();
        assertThat(received).extracting(IoBuffer::capacity).containsExactly(4096, 8192);
    }

    @Test
    void shouldRefuseWhatNeverFits() {
        assertThatThrownBy(() -> share.whenAvailable(waiter(SHARE + 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("never fit a share of " + SHARE);
        assertThatThrownBy(() -> new BufferShare(pool, ARENA + 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldNeverHoldMoreThanItsShareWhenUsedAtRandom() {
        Random random = new Random(7);
        BufferShare other = new BufferShare(pool, SHARE);
        List<IoBuffer> held = new ArrayList<>();
        int wanted = 0;
        for (int step = 0; step < 50_000; step++) {
            BufferShare chosen = random.nextBoolean() ? share : other;
            int bytes = 1 + random.nextInt(SHARE);
            switch (random.nextInt(4)) {
                case 0 -> {
                    IoBuffer buffer = chosen.tryAllocate(bytes);
                    if (buffer != null) {
                        held.add(buffer);
                    }
                }
                case 1 -> {
                    chosen.whenAvailable(waiter(bytes));
                    wanted++;
                }
                default -> {
                    if (!held.isEmpty()) {
                        held.remove(random.nextInt(held.size())).release();
                    }
                }
            }
            wanted -= received.size();
            held.addAll(received);
            received.clear();
            assertThat(share.usedBytes()).isBetween(0, SHARE);
            assertThat(other.usedBytes()).isBetween(0, SHARE);
            assertThat(pool.usedBytes()).isEqualTo(share.usedBytes() + other.usedBytes());
        }
        while (!held.isEmpty() || !received.isEmpty()) {
            wanted -= received.size();
            held.addAll(received);
            received.clear();
            held.remove(held.size() - 1).release();
        }
        assertThat(wanted).as("waiters that were never served").isZero();
        assertThat(pool.usedBytes()).isZero();
    }
}
