package io.brickcache.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BufferPoolTest {

    private static final int ARENA = 1 << 20;

    private final BufferPool pool = new BufferPool(ARENA);

    /** Waits for memory and keeps it. */
    private static final class Waiter implements BufferPool.Waiter {
        private final int bytes;
        private final List<IoBuffer> received = new ArrayList<>();

        Waiter(int bytes) {
            this.bytes = bytes;
        }

        @Override
        public int bytesWanted() {
            return bytes;
        }

        @Override
        public void available(IoBuffer buffer) {
            received.add(buffer);
        }
    }

    @Test
    void shouldGiveDisjointAlignedMemoryWhenUsedAtRandom() {
        Random random = new Random(42);
        List<IoBuffer> held = new ArrayList<>();
        // For each 4 KiB of the arena the buffer that holds it.
        @Nullable IoBuffer[] owners = new IoBuffer[ARENA / 4096];
        long base = firstAddress();
        for (int step = 0; step < 200_000; step++) {
            if (random.nextInt(100) < 55) {
                int bytes = 1 + random.nextInt(random.nextInt(20) == 0 ? ARENA / 2 : 40_000);
                IoBuffer buffer = pool.tryAllocate(bytes);
                if (buffer != null) {
                    assertThat(buffer.capacity()).isGreaterThanOrEqualTo(bytes).isLessThan(Math.max(4097, 2 * bytes));
                    assertThat(buffer.address() % BufferPool.ALIGNMENT).isZero();
                    claim(owners, base, buffer, null, buffer);
                    held.add(buffer);
                }
            } else if (!held.isEmpty()) {
                IoBuffer buffer = held.remove(random.nextInt(held.size()));
                claim(owners, base, buffer, buffer, null);
                buffer.release();
            }
            assertThat(pool.usedBytes())
                    .isEqualTo(held.stream().mapToInt(IoBuffer::capacity).sum());
        }
        held.forEach(IoBuffer::release);
        assertThat(pool.freeBytes()).isEqualTo(ARENA);
        assertThat(pool.tryAllocate(ARENA)).as("all pieces merged again").isNotNull();
    }

    @Test
    void shouldMapMemoryToItsAddressWhenWritten() {
        IoBuffer first = allocate(4096);
        IoBuffer second = allocate(8192);
        first.bytes(0, 4096).put(Pattern.of(1, 0, 4096));
        second.bytes(0, 8192).put(Pattern.of(2, 0, 8192));
        byte[] found = new byte[4096];
        first.bytes(0, 4096).get(found);
        assertThat(found).isEqualTo(Pattern.of(1, 0, 4096));
        assertThat(new Pointer(second.address()).getByteArray(0, 8192)).isEqualTo(Pattern.of(2, 0, 8192));
    }

    @Test
    void shouldServeWaitersInOrderWhenMemoryComesBack() {
        IoBuffer all = allocate(ARENA);
        Waiter large = new Waiter(ARENA / 2);
        Waiter small = new Waiter(4096);
        pool.whenAvailable(large);
        pool.whenAvailable(small);
        assertThat(large.received).isEmpty();

        all.release();

        assertThat(large.received).hasSize(1);
        assertThat(small.received).hasSize(1);
        assertThat(pool.usedBytes()).isEqualTo(ARENA / 2 + 4096);
    }

    @Test
    void shouldNotOvertakeWaitersWhenMemoryWouldDo() {
        IoBuffer half = allocate(ARENA / 2);
        Waiter first = new Waiter(ARENA);
        pool.whenAvailable(first);
        assertThat(pool.tryAllocate(4096)).isNull();

        pool.cancel(first);
        IoBuffer small = allocate(4096);

        small.release();
        half.release();
        assertThat(first.received).isEmpty();
        assertThat(pool.freeBytes()).isEqualTo(ARENA);
    }

    @Test
    void shouldServeFollowingWaitersWhenFirstOneLeaves() {
        IoBuffer most = allocate(ARENA / 2);
        Waiter first = new Waiter(ARENA);
        Waiter second = new Waiter(4096);
        pool.whenAvailable(first);
        pool.whenAvailable(second);

        pool.cancel(first);

        assertThat(second.received).hasSize(1);
        most.release();
    }

    @Test
    void shouldKeepMemoryUntilLastOwnerReleases() {
        IoBuffer buffer = allocate(4096);
        buffer.retain().release();
        assertThat(pool.usedBytes()).isEqualTo(4096);
        buffer.release();
        assertThat(pool.usedBytes()).isZero();
        assertThatThrownBy(buffer::release).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(buffer::retain).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldRefuseWhenRequestNeverFits() {
        assertThatThrownBy(() -> pool.tryAllocate(ARENA + 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pool.whenAvailable(new Waiter(ARENA + 1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BufferPool(3 << 16)).isInstanceOf(IllegalArgumentException.class);
    }

    private static void claim(
            @Nullable IoBuffer[] owners,
            long base,
            IoBuffer buffer,
            @Nullable IoBuffer expected,
            @Nullable IoBuffer owner) {
        int first = (int) (buffer.address() - base >> 12);
        for (int i = first; i < first + (buffer.capacity() >> 12); i++) {
            assertThat(owners[i]).isSameAs(expected);
            owners[i] = owner;
        }
    }

    private long firstAddress() {
        IoBuffer all = allocate(ARENA);
        all.release();
        return all.address();
    }

    private IoBuffer allocate(int bytes) {
        return Objects.requireNonNull(pool.tryAllocate(bytes));
    }
}
