package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.env.ListenAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NbdUriTest {

    @ParameterizedTest
    @CsvSource({
        "unix:/run/brickcache/nbd.sock, b1, nbd+unix:///b1?socket=/run/brickcache/nbd.sock",
        "unix:/tmp/a b&c.sock, b1, nbd+unix:///b1?socket=/tmp/a%20b%26c.sock",
        "unix:/tmp/ü+%, b, nbd+unix:///b?socket=/tmp/%C3%BC%2B%25",
        "tcp:127.0.0.1:10809, brick.1, nbd://127.0.0.1:10809/brick.1",
        "tcp:[::1]:10809, b, nbd://[::1]:10809/b",
    })
    void shouldNameAnExport(String address, String export, String uri) {
        assertThat(NbdUri.of(ListenAddress.parse(address), false, export)).isEqualTo(uri);
    }
}
