package io.brickcache.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class CoresTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 1000})
    void shouldRunEachPartOnceWhenThereAreSoMany(int parts) {
        AtomicIntegerArray runs = new AtomicIntegerArray(parts);

        Cores.each(parts, runs::incrementAndGet);

        for (int part = 0; part < parts; part++) {
            assertThat(runs.get(part)).isEqualTo(1);
        }
    }

    @Test
    void shouldThrowWhatTheLowestPartThrewWhenSeveralFail() {
        for (int round = 0; round < 100; round++) {
            assertThatThrownBy(() -> Cores.each(40, part -> {
                        if (part >= 20) {
                            throw new IOException("part " + part);
                        }
                    }))
                    .isInstanceOf(IOException.class)
                    .hasMessage("part 20");
        }
    }

    @Test
    void shouldPassOnErrorsAndUncheckedExceptions() {
        assertThatThrownBy(() -> Cores.each(2, part -> {
                    throw new OutOfMemoryError("no room");
                }))
                .isInstanceOf(OutOfMemoryError.class);
        assertThatThrownBy(() -> Cores.each(2, part -> {
                    throw new IllegalStateException("contradiction");
                }))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldKeepTheInterruptOfWhoWaits() {
        Thread.currentThread().interrupt();

        Cores.each(4, part -> Thread.onSpinWait());

        assertThat(Thread.interrupted()).isTrue();
    }
}
