package io.brickcache.block.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.brickcache.block.IoOptions;
import io.brickcache.block.IoOptions.Engine;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class IoEngineTest {

    private final Throwable disabled = new IOException("io_uring_setup: EPERM");

    @Test
    void shouldUseRingWhenItIsAvailable() throws IOException {
        assertThat(IoEngine.choose(options(Engine.AUTO), null).engine()).isEqualTo(Engine.IO_URING);
        assertThat(IoEngine.choose(options(Engine.IO_URING), null).engine()).isEqualTo(Engine.IO_URING);
    }

    @Test
    void shouldUsePooledEngineWhenAskedTo() throws IOException {
        assertThat(IoEngine.choose(options(Engine.POOLED), null).engine()).isEqualTo(Engine.POOLED);
    }

    @Test
    void shouldFallBackWhenRingIsNotAvailable() throws IOException {
        assertThat(IoEngine.choose(options(Engine.AUTO), disabled).engine()).isEqualTo(Engine.POOLED);
    }

    @Test
    void shouldFailWithReasonWhenRingIsDemandedAndNotAvailable() {
        assertThatIOException()
                .isThrownBy(() -> IoEngine.choose(options(Engine.IO_URING), disabled))
                .withMessageContainingAll("io.engine is io_uring", "EPERM", "set io.engine to auto or pooled");
    }

    @Test
    void shouldRefuseOptionsWhenThreadsAreOutOfRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new IoOptions(Engine.AUTO, 0, true))
                .withMessageContaining("io.threads is 0");
        assertThatIllegalArgumentException().isThrownBy(() -> new IoOptions(Engine.AUTO, 257, true));
    }

    private static IoOptions options(Engine engine) {
        return new IoOptions(engine, 1, true);
    }
}
