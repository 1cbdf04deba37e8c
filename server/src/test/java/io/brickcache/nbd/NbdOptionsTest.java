package io.brickcache.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.env.ListenAddress;
import java.nio.file.Path;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class NbdOptionsTest {

    private static final ListenAddress ADDRESS = ListenAddress.parse("unix:/run/nbd.sock");
    private static final ListenAddress TCP = ListenAddress.parse("tcp:[::1]:10809");
    private static final TlsOptions TLS = new TlsOptions(Path.of("/c"), Path.of("/k"), Path.of("/a"));
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    @Test
    void shouldUseDefaultsWhenOnlyAddressesAreGiven() {
        NbdOptions options = NbdOptions.listeningOn(ADDRESS);

        assertThat(options.listen()).containsExactly(ADDRESS);
        assertThat(options.socketMode()).isEqualTo(0660);
        assertThat(options.maxConnections()).isEqualTo(256);
        assertThat(options.insecure()).isFalse();
    }

    @Test
    void shouldNameTheKeyWhenValueIsOutOfRange() {
        NbdOptions options = NbdOptions.listeningOn(ADDRESS);

        expectRefused(NbdOptions::listeningOn, "nbd.listen names no address");
        expectRefused(() -> NbdOptions.listeningOn(ADDRESS, ADDRESS), "nbd.listen names an address twice");
        expectRefused(() -> options.withMaxConnections(0), "nbd.max_connections 0");
        expectRefused(() -> options.withMaxConnections(65537), "nbd.max_connections 65537");
        expectRefused(() -> options.withTimeouts(Duration.ZERO, TIMEOUT), "nbd.idle_handshake_timeout");
        expectRefused(() -> options.withTimeouts(TIMEOUT, Duration.ofHours(2)), "nbd.stalled_client_timeout");
        expectRefused(() -> options.withSocketMode(0666), "every user of the machine");
        expectRefused(() -> options.withSocketMode(0060), "its own socket");
    }

    @Test
    void shouldNameTheRemedyWhenTcpWouldBeOpenToEverybody() {
        expectRefused(() -> NbdOptions.listeningOn(ADDRESS, TCP), "tcp:[::1]:10809");
        expectRefused(() -> NbdOptions.listeningOn(TCP), "nbd.tls_certificate");
        expectRefused(() -> NbdOptions.listeningOn(TCP), "nbd.insecure: true");

        assertThat(NbdOptions.secure(TLS, TCP).tls()).isEqualTo(TLS);
        assertThat(NbdOptions.insecure(TCP).tls()).isNull();
    }

    @Test
    void shouldNameWhatIsMissingWhenTlsIsHalfConfigured() {
        expectRefused(() -> TlsOptions.of(Path.of("/c"), null, Path.of("/a")), "nbd.tls_key is missing");
        expectRefused(() -> TlsOptions.of(Path.of("/c"), Path.of("/k"), null), "nbd.tls_client_authorities is missing");
        assertThat(TlsOptions.of(null, null, null)).isNull();
    }

    private static void expectRefused(ThrowingCallable making, String message) {
        assertThatThrownBy(making).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }
}
