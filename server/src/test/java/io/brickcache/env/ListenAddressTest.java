package io.brickcache.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ListenAddressTest {

    @ParameterizedTest
    @ValueSource(
            strings = {"unix:/run/brickcache/nbd.sock", "tcp:127.0.0.1:10809", "tcp:[::1]:0", "tcp:storage1:65535"})
    void shouldPrintWhatWasReadWhenAddressIsValid(String text) {
        assertThat(ListenAddress.parse(text)).hasToString(text);
    }

    @Test
    void shouldTakeApartWhenAddressIsValid() {
        assertThat(ListenAddress.parse("unix:/a/b")).isEqualTo(new ListenAddress.Unix(Path.of("/a/b")));
        assertThat(ListenAddress.parse("tcp:[fe80::2]:7")).isEqualTo(new ListenAddress.Tcp("fe80::2", 7));
    }

    @ParameterizedTest
    @CsvSource({
        "/run/nbd.sock, neither unix:/path nor tcp:host:port",
        "unix:nbd.sock, is not absolute",
        "tcp:127.0.0.1, has no port",
        "tcp::10809, without a host",
        "tcp:::1:10809, in brackets",
        "tcp:host:port, is not a number",
        "tcp:host:65536, not in 0..65535",
        "tcp:host:-1, not in 0..65535",
    })
    void shouldSayWhatIsWrongWhenAddressIsInvalid(String text, String message) {
        assertThatThrownBy(() -> ListenAddress.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void shouldRefuseWhenSocketPathIsTooLongForTheKernel() {
        assertThat(ListenAddress.parse("unix:/" + "p".repeat(106))).isNotNull();
        assertThatThrownBy(() -> ListenAddress.parse("unix:/" + "p".repeat(107)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("108 bytes");
    }
}
