package io.brickcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProgressLineTest {

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final AtomicLong nowNs = new AtomicLong();

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldShowNothingMoreWhenEnded(boolean terminal) {
        Shell shell = new Shell(
                System.out,
                new PrintStream(err, true, StandardCharsets.UTF_8),
                InputStream.nullInputStream(),
                Map.of(),
                new Shell.Terminals(false, false, terminal),
                () -> nowNs.getAndAdd(2_000_000_000L));
        ProgressLine line = new ProgressLine(shell, "flushing brick b1");
        line.show(1, 4, Long::toString);
        String shown = err.toString(StandardCharsets.UTF_8);
        line.end();
        err.reset();

        line.show(2, 4, Long::toString);

        assertThat(shown).contains("25%");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }
}
