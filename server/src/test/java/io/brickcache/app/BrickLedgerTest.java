package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BrickLedgerTest {

    private static final UUID BRICK = new UUID(0x1234, 0x8765);
    private static final Instant SINCE = Instant.parse("2026-01-02T03:04:05.678Z");

    @TempDir
    private Path directory;

    private BrickLedger reopened() {
        return new BrickLedger(directory);
    }

    @Test
    void shouldKnowNothingWhenNothingWasRecorded() {
        assertThat(reopened().read(BRICK)).isEqualTo(LedgerRecord.unknown(BRICK));
        assertThat(LedgerRecord.unknown(BRICK).isDiskWhole()).isFalse();
    }

    @Test
    void shouldKnowWhatWasRecordedWhenOpenedAgain() throws IOException {
        LedgerRecord record = new LedgerRecord(BRICK, 123_456_789_012L, SINCE, true, -77);

        reopened().update(BRICK, before -> record);

        assertThat(reopened().read(BRICK)).isEqualTo(record);
        assertThat(reopened().file(BRICK)).hasSize(LedgerRecord.BYTES);
        reopened().update(BRICK, before -> before.withDirtyBytes(0).withFingerprint(null));
        assertThat(reopened().read(BRICK)).isEqualTo(new LedgerRecord(BRICK, 0, SINCE, true, null));
    }

    @Test
    void shouldKeepTheFirstTimeWhenMadeVoidAgain() {
        LedgerRecord once = LedgerRecord.clean(BRICK).withFingerprint(5).madeVoid(SINCE);

        assertThat(once.madeVoid(SINCE.plusSeconds(9))).isEqualTo(once);
        assertThat(once.isDiskWhole()).isTrue();
        assertThat(once.fingerprint()).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 30, 70, 90, 130, 180})
    void shouldPresumeTheWorstWhenAByteIsWrong(int at) throws IOException {
        BrickLedger ledger = reopened();
        ledger.update(BRICK, before -> LedgerRecord.clean(BRICK));
        byte[] bytes = Files.readAllBytes(ledger.file(BRICK));
        bytes[at] ^= 1;
        Files.write(ledger.file(BRICK), bytes);

        assertThat(reopened().read(BRICK)).isEqualTo(LedgerRecord.unknown(BRICK));
    }

    @Test
    void shouldPresumeTheWorstWhenTheRecordIsOfAnotherBrick() throws IOException {
        BrickLedger ledger = reopened();
        UUID other = new UUID(1, 2);
        ledger.update(other, before -> LedgerRecord.clean(other));
        Files.move(ledger.file(other), ledger.file(BRICK));

        assertThat(reopened().read(BRICK)).isEqualTo(LedgerRecord.unknown(BRICK));
    }

    @Test
    void shouldPresumeTheWorstWhenTheFileIsTooLargeForMemory() throws IOException {
        BrickLedger ledger = reopened();
        ledger.update(BRICK, before -> LedgerRecord.clean(BRICK));
        try (RandomAccessFile file = new RandomAccessFile(ledger.file(BRICK).toFile(), "rw")) {
            file.setLength(3L << 30);
        }

        assertThat(reopened().read(BRICK)).isEqualTo(LedgerRecord.unknown(BRICK));
    }

    @Test
    void shouldForgetABrickWhenItIsRemoved() throws IOException {
        BrickLedger ledger = reopened();
        ledger.update(BRICK, before -> LedgerRecord.clean(BRICK));

        ledger.remove(BRICK);

        assertThat(ledger.file(BRICK)).doesNotExist();
        assertThat(ledger.read(BRICK)).isEqualTo(LedgerRecord.unknown(BRICK));
    }
}
