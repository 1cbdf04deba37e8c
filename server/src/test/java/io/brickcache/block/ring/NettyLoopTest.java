package io.brickcache.block.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.brickcache.block.IoOptions;
import io.brickcache.block.IoOptions.Engine;
import io.brickcache.env.Clock;
import io.brickcache.env.Loop;
import io.brickcache.env.SystemClock;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class NettyLoopTest {

    private static final Clock CLOCK = new SystemClock();

    @ParameterizedTest
    @EnumSource(Engine.class)
    void shouldRunTasksInOrderOnOneThread(Engine choice) throws Exception {
        EventLoopGroup group = group(choice);
        NettyLoop loop = new NettyLoop(group.next(), CLOCK);
        try {
            List<Integer> ran = new ArrayList<>();
            CompletableFuture<Boolean> last = new CompletableFuture<>();
            for (int i = 0; i < 1000; i++) {
                int number = i;
                loop.execute(() -> ran.add(number));
            }
            loop.execute(() -> last.complete(loop.isCurrent()));
            assertThat(last.get()).isTrue();
            assertThat(loop.isCurrent()).isFalse();
            assertThat(ran).hasSize(1000).isSorted();
        } finally {
            end(group);
        }
        assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> loop.execute(() -> {}));
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void shouldRunDelayedTaskUnlessCancelled(Engine choice) throws Exception {
        EventLoopGroup group = group(choice);
        NettyLoop loop = new NettyLoop(group.next(), CLOCK);
        try {
            CompletableFuture<List<String>> result = new CompletableFuture<>();
            loop.execute(() -> {
                List<String> ran = new ArrayList<>();
                long start = loop.clock().nanoTime();
                Loop.Cancellable cancelled = loop.schedule(1_000_000, () -> ran.add("cancelled"));
                loop.schedule(20_000_000, () -> {
                    ran.add(loop.clock().nanoTime() - start >= 20_000_000 ? "in time" : "early");
                    result.complete(ran);
                });
                cancelled.cancel();
                cancelled.cancel();
            });
            assertThat(result.get()).containsExactly("in time");
        } finally {
            end(group);
        }
    }

    private static EventLoopGroup group(Engine choice) throws IOException {
        return IoEngine.choose(new IoOptions(choice, 1, true)).newGroup("test-loop", 1);
    }

    private static void end(EventLoopGroup group) {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
