package io.brickcache.block.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.env.Clock;
import io.brickcache.env.TickingClock;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import java.util.ArrayDeque;
import java.util.Queue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PollingIoHandlerTest {

    private final Clock clock = new TickingClock(PollPolicy.MAX_POLL_NS / 10);
    private final FakeRing ring = new FakeRing();
    private final PollPolicy policy = new PollPolicy(() -> 0);
    private final PollingIoHandler handler = new PollingIoHandler(ring, policy, clock);
    private final FakeContext context = new FakeContext();

    @BeforeEach
    void compareBothWays() {
        // One window of sleeping; the next one polls.
        while (!policy.isPolling()) {
            policy.waited(0, 0);
        }
    }

    @Test
    void shouldNotBlockWhenACompletionComesDuringThePoll() {
        ring.looks.add(0);
        ring.looks.add(0);
        ring.looks.add(3);

        assertThat(handler.run(context)).isEqualTo(3);
        assertThat(ring.blocks).isZero();
    }

    @Test
    void shouldBlockWhenThePollFindsNothing() {
        ring.blocking = 2;

        assertThat(handler.run(context)).isEqualTo(2);
        assertThat(ring.runs).as("ten looks, one for each tick, then it blocks").isEqualTo(11);
        assertThat(ring.blocks).isOne();
    }

    @Test
    void shouldEndThePollWhenATaskComes() {
        context.taskAfter = 3;

        assertThat(handler.run(context)).isZero();
        assertThat(ring.runs)
                .as("a look for each time that there was none, and a last one")
                .isEqualTo(4);
        assertThat(ring.blocks).isZero();
    }

    @Test
    void shouldNotPollWhenTheLoopHasTasks() {
        context.taskAfter = 0;

        assertThat(handler.run(context)).isZero();
        assertThat(ring.runs).isOne();
        assertThat(ring.blocks).isZero();
    }

    /** A loop with nothing to do until it has been asked so often. */
    private static final class FakeContext implements IoHandlerContext {
        private int asked;
        private int taskAfter = Integer.MAX_VALUE;

        @Override
        public boolean canBlock() {
            return asked++ < taskAfter;
        }

        @Override
        public long delayNanos(long currentTimeNanos) {
            return 0;
        }

        @Override
        public long deadlineNanos() {
            return -1;
        }
    }

    private static final class FakeRing implements IoHandler {
        /** Completions that looks find, then none. */
        private final Queue<Integer> looks = new ArrayDeque<>();
        /** Completions after blocking. */
        private int blocking;

        private int blocks;
        private int runs;

        @Override
        public int run(IoHandlerContext context) {
            runs++;
            if (context.canBlock()) {
                blocks++;
                return blocking;
            }
            Integer found = looks.poll();
            return found == null ? 0 : found;
        }

        @Override
        public IoRegistration register(IoHandle handle) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void wakeup() {}

        @Override
        public boolean isCompatible(Class<? extends IoHandle> handleType) {
            return true;
        }
    }
}
