package io.brickcache.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LatenciesTest {

    @Test
    void shouldNameTheTimeThat99Of100AreNotAbove() {
        Latencies latencies = new Latencies();
        for (int ms = 5000; ms > 0; ms--) {
            latencies.add(ms * 1_000_000L, 250_000);
        }
        assertThat(latencies.result()).isEqualTo(new RunResult.Times(5000, 0.25, 2500.5, 4950));
    }

    @Test
    void shouldBeTheOnlyOneWhenThereIsOne() {
        Latencies latencies = new Latencies();
        latencies.add(7_000_000, 3_000_000);
        assertThat(latencies.result()).isEqualTo(new RunResult.Times(1, 3, 7, 7));
    }

    @Test
    void shouldBeZeroWhenThereIsNone() {
        assertThat(new Latencies().result()).isEqualTo(new RunResult.Times(0, 0, 0, 0));
    }
}
