package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.interop.SectorModel.Write;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The judge of the crash tests is itself on trial: each kind of wrong content must be found. */
final class SectorModelTest {
    private final SectorModel model = new SectorModel("b", 16 * 512);
    private Write flushed;
    private Write unflushed;

    @BeforeEach
    void writeTwice() {
        flushed = model.write(4, 4);
        model.acknowledge(flushed, false);
        model.flushed();
        unflushed = model.write(4, 4);
        model.acknowledge(unflushed, false);
    }

    @Test
    void shouldAcceptOldOrNewWhenTheNewWasNotFlushed() {
        ByteBuffer mixed = ByteBuffer.allocate(4 * 512);
        mixed.put(model.content(flushed).limit(1024))
                .put(model.content(unflushed).position(1024));

        assertThatCode(() -> model.checkAfterCrash(4, mixed.flip())).doesNotThrowAnyException();
    }

    @Test
    void shouldAcceptAWriteWhenItWasIssuedAndNeverAnswered() {
        Write inFlight = model.write(4, 4);

        assertThatCode(() -> model.checkAfterCrash(4, model.content(inFlight))).doesNotThrowAnyException();
    }

    @Test
    void shouldFindALostFlushWhenAnOlderWriteIsThere() {
        assertThatThrownBy(() -> model.checkAfterCrash(4, model.content(new Write(4, 4, 0))))
                .hasMessageContaining("sector 4 holds what claims to be sector 4, sequence 0; flushed 1");
    }

    @Test
    void shouldFindALostAcknowledgementWhenRunning() {
        assertThatThrownBy(() -> model.checkRunning(4, model.content(flushed)))
                .hasMessageContaining("sequence 1; flushed 1, acknowledged 2");
    }

    @Test
    void shouldFindAMisplacedSector() {
        assertThatThrownBy(
                        () -> model.checkAfterCrash(4, model.content(unflushed).position(512)))
                .hasMessageContaining("sector 4 holds what claims to be sector 5");
    }

    @Test
    void shouldFindAnotherBricksSector() {
        ByteBuffer other = new SectorModel("other", 16 * 512).content(unflushed);

        assertThatThrownBy(() -> model.checkAfterCrash(4, other)).hasMessageContaining("sector 4 holds");
    }

    @Test
    void shouldFindATornSector() {
        ByteBuffer torn = model.content(unflushed);
        torn.put(256, model.content(flushed), 256, 256);

        assertThatThrownBy(() -> model.checkAfterCrash(4, torn)).hasMessageContaining("sector 4 holds");
    }

    @Test
    void shouldFindZeroesWhenNoneWereWritten() {
        assertThatThrownBy(() -> model.checkAfterCrash(4, ByteBuffer.allocate(512)))
                .hasMessageContaining("sector 4 holds zeroes");
    }

    @Test
    void shouldAcceptZeroesOnlyAsLongAsTheirWriteMayBeThere() {
        Write zeroes = model.zero(4, 4);
        assertThatCode(() -> model.checkAfterCrash(4, ByteBuffer.allocate(512))).doesNotThrowAnyException();
        assertThatCode(() -> model.checkAfterCrash(
                        5, model.content(flushed).position(512).limit(1024)))
                .doesNotThrowAnyException();

        model.acknowledge(model.write(4, 4), true);

        assertThatThrownBy(() -> model.checkAfterCrash(4, ByteBuffer.allocate(512)))
                .as("written over since sequence " + zeroes.sequence())
                .hasMessageContaining("sector 4 holds zeroes");
        assertThatThrownBy(() -> model.checkAfterCrash(5, ByteBuffer.allocate(512)))
                .as("lost in the first crash")
                .hasMessageContaining("sector 5 holds zeroes");
    }

    @Test
    void shouldRejectWhatAnEarlierCrashLost() {
        model.checkAfterCrash(4, model.content(flushed));
        model.flushed();

        assertThatThrownBy(() -> model.checkAfterCrash(4, model.content(unflushed)))
                .hasMessageContaining("sequence 2; flushed 1, acknowledged 1, issued 1");
    }
}
