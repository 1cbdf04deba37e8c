package io.brickcache.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.admin.v1.BrickState;
import io.brickcache.admin.v1.CacheState;
import io.brickcache.admin.v1.WriteAroundReason;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnitsTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1023, 1023 B",
        "1024, 1 KiB",
        "1536, 1.5 KiB",
        "1048575, 1.0 MiB",
        "335544320, 320 MiB",
        "9223372036854775807, 8 EiB"
    })
    void shouldWriteSizesShort(long bytes, String text) {
        assertThat(Units.size(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"17, 17", "17B, 17", "4KiB, 4096", "10 GiB, 10737418240", "2TiB, 2199023255552"})
    void shouldReadSizes(String text, long bytes) {
        assertThat(Units.parseSize(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "1.5GiB", "1GB", "1gib", "GiB", "8192PiB"})
    void shouldRefuseWhatIsNoSize(String text) {
        assertThatThrownBy(() -> Units.parseSize(text)).hasMessageContaining("'" + text + "'");
    }

    @ParameterizedTest
    @CsvSource({"0, 0s", "59, 59s", "250, 4m 10s", "7260, 2h 1m", "93784, 1d 2h"})
    void shouldWriteTimesInTwoUnits(long seconds, String text) {
        assertThat(Units.time(Duration.ofSeconds(seconds))).isEqualTo(text);
    }

    @Test
    void shouldWriteEnumValuesAsWords() {
        assertThat(Labels.of(CacheState.CACHE_STATE_PASS_THROUGH)).isEqualTo("pass-through");
        assertThat(Labels.of(WriteAroundReason.WRITE_AROUND_REASON_NO_FREE_SLOT))
                .isEqualTo("no-free-slot");
        assertThat(Labels.of(BrickState.UNRECOGNIZED)).isEqualTo("unknown");
    }
}
