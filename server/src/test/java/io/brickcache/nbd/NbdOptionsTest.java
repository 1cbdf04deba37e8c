package io.brickcache.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.env.ListenAddress;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class NbdOptionsTest {

    private static final ListenAddress ADDRESS = ListenAddress.parse("unix:/run/nbd.sock");
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    @Test
    void shouldUseDefaultsWhenOnlyAddressesAreGiven() {
        assertThat(NbdOptions.listeningOn(ADDRESS)).isEqualTo(new NbdOptions(List.of(ADDRESS), 256, TIMEOUT));
    }

    @Test
    void shouldNameTheKeyWhenValueIsOutOfRange() {
        expectRefused(List.of(), 1, TIMEOUT, "nbd.listen names no address");
        expectRefused(List.of(ADDRESS, ADDRESS), 1, TIMEOUT, "nbd.listen names an address twice");
        expectRefused(List.of(ADDRESS), 0, TIMEOUT, "nbd.max_connections 0");
        expectRefused(List.of(ADDRESS), 65537, TIMEOUT, "nbd.max_connections 65537");
        expectRefused(List.of(ADDRESS), 1, Duration.ZERO, "nbd.idle_handshake_timeout");
        expectRefused(List.of(ADDRESS), 1, Duration.ofHours(2), "nbd.idle_handshake_timeout");
    }

    private static void expectRefused(List<ListenAddress> listen, int connections, Duration timeout, String message) {
        assertThatThrownBy(() -> new NbdOptions(listen, connections, timeout))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
