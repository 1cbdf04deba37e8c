package io.brickcache.env.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.env.Loop.Cancellable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SimLoopTest {

    private final List<String> seen = new ArrayList<>();
    private final SimLoop loop = new SimLoop(new SeededEntropy(7), 1000);

    @Test
    void shouldRunTasksInTheirOrderWhenTimersAreDueToo() {
        for (int i = 0; i < 50; i++) {
            String name = "task " + i;
            loop.schedule(0, () -> {});
            loop.execute(() -> seen.add(name));
        }

        loop.runUntilIdle();

        assertThat(seen).hasSize(50).isSortedAccordingTo((a, b) -> Integer.compare(number(a), number(b)));
    }

    private static int number(String name) {
        return Integer.parseInt(name.substring(5));
    }

    @Test
    void shouldAdvanceTimeOnlyWhenNothingElseRuns() {
        loop.schedule(500, () -> {
            seen.add("timer at " + loop.nowNs());
            loop.execute(() -> seen.add("task at " + loop.nowNs()));
            loop.schedule(250, () -> seen.add("timer at " + loop.nowNs()));
        });
        loop.execute(() -> seen.add("task at " + loop.nowNs()));

        loop.runUntilIdle();

        assertThat(seen).containsExactly("task at 0", "timer at 500", "task at 500", "timer at 750");
    }

    @Test
    void shouldVaryTheOrderOfEqualTimersWithTheSeedAndRepeatItForOne() {
        Set<List<Integer>> orders = new HashSet<>();
        for (int seed = 0; seed < 20; seed++) {
            List<Integer> order = orderOfEqualTimers(seed);
            assertThat(orderOfEqualTimers(seed)).isEqualTo(order);
            orders.add(order);
        }

        assertThat(orders).hasSizeGreaterThan(10);
    }

    private static List<Integer> orderOfEqualTimers(long seed) {
        SimLoop own = new SimLoop(new SeededEntropy(seed));
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            int number = i;
            own.schedule(100, () -> order.add(number));
        }
        own.runUntilIdle();
        return order;
    }

    @Test
    void shouldNotRunATimerWhenItWasCancelled() {
        Cancellable timer = loop.schedule(10, () -> seen.add("cancelled"));
        loop.schedule(20, () -> seen.add("kept"));

        timer.cancel();
        timer.cancel();
        loop.runUntilIdle();

        assertThat(seen).containsExactly("kept");
    }

    @Test
    void shouldReportALivelockWhenARunDoesNotEnd() {
        loop.execute(new Runnable() {
            @Override
            public void run() {
                loop.execute(this);
            }
        });

        assertThatThrownBy(loop::runUntilIdle)
                .isInstanceOf(LivelockException.class)
                .hasMessageContaining("1000 steps");
    }

    @Test
    void shouldReturnAfterTheStepWhenHalted() {
        loop.execute(() -> {
            seen.add("first");
            loop.halt();
        });
        loop.execute(() -> seen.add("second"));

        boolean met = loop.runUntil(() -> false);

        assertThat(met).isFalse();
        assertThat(loop.isHalted()).isTrue();
        assertThat(seen).containsExactly("first");
    }

    @Test
    void shouldStopTheClockAtTheEndWhenRunForAWhile() {
        loop.schedule(100, () -> seen.add("in time"));
        loop.schedule(101, () -> seen.add("later"));

        loop.runFor(100);

        assertThat(seen).containsExactly("in time");
        assertThat(loop.nowNs()).isEqualTo(100);
    }

    @Test
    void shouldGiveTheSameNamedStreamWhateverWasDrawnBefore() {
        SeededEntropy first = new SeededEntropy(42);
        SeededEntropy second = new SeededEntropy(42);
        second.nextLong();

        assertThat(second.split("disk").nextLong())
                .isEqualTo(first.split("disk").nextLong());
        assertThat(first.split("disk").nextLong())
                .isNotEqualTo(first.split("clock").nextLong());
    }

    @Test
    void shouldDrawAsTheReferenceOfSplitMix64Does() {
        SeededEntropy entropy = new SeededEntropy(1234567);

        assertThat(entropy.nextLong()).isEqualTo(6457827717110365317L);
        assertThat(entropy.nextLong()).isEqualTo(3203168211198807973L);
    }

    @Test
    void shouldStayInRangeWhenBounded() {
        SeededEntropy entropy = new SeededEntropy(3);
        Set<Long> drawn = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            assertThat(entropy.nextInt(7)).isBetween(0, 6);
            long value = entropy.nextLong(5);
            assertThat(value).isBetween(0L, 4L);
            drawn.add(value);
        }

        assertThat(drawn).hasSize(5);
    }
}
