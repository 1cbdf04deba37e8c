package io.brickcache.nbd;

import io.brickcache.env.ListenAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the NBD server.
 *
 * @param listen where to listen; at least one address, none twice
 * @param tls for TCP; null: TCP only where {@code insecure}
 * @param insecure serve TCP in the clear, to whoever comes
 * @param socketMode permission bits of Unix sockets, 0600 to 0775. Whoever may write to one reads and writes every brick
 * @param socketGroup group that Unix sockets are given to, or null for the service's own
 * @param maxConnections connections at a time, over all exports, 1 to 65536. One more takes the place of the oldest that
 *     has not chosen an export; if all have, it is closed at once. Each holds up to 3 MiB of answers that its client does
 *     not read
 * @param idleHandshakeTimeout how long a client may take to choose an export, 1 ms to 1 h
 * @param stalledClientTimeout how long a client may leave its answers, or half a request, untouched, 1 ms to 1 h
 */
public record NbdOptions(
        List<ListenAddress> listen,
        @Nullable TlsOptions tls,
        boolean insecure,
        int socketMode,
        @Nullable String socketGroup,
        int maxConnections,
        Duration idleHandshakeTimeout,
        Duration stalledClientTimeout) {

    public static final int DEFAULT_SOCKET_MODE = 0660;
    public static final int DEFAULT_MAX_CONNECTIONS = 256;
    public static final Duration DEFAULT_IDLE_HANDSHAKE_TIMEOUT = Duration.ofSeconds(30);
    public static final Duration DEFAULT_STALLED_CLIENT_TIMEOUT = Duration.ofSeconds(60);

    private static final int MOST_CONNECTIONS = 65536;

    public NbdOptions {
        listen = List.copyOf(listen);
        if (listen.isEmpty()) {
            throw new IllegalArgumentException("nbd.listen names no address");
        }
        if (new HashSet<>(listen).size() != listen.size()) {
            throw new IllegalArgumentException("nbd.listen names an address twice: " + listen);
        }
        checkTcp(listen, tls, insecure);
        checkMode(socketMode);
        if (maxConnections < 1 || maxConnections > MOST_CONNECTIONS) {
            throw new IllegalArgumentException(
                    "nbd.max_connections " + maxConnections + " is not in 1.." + MOST_CONNECTIONS);
        }
        checkTimeout("nbd.idle_handshake_timeout", idleHandshakeTimeout);
        checkTimeout("nbd.stalled_client_timeout", stalledClientTimeout);
    }

    /** Default settings. TCP addresses are refused. */
    public static NbdOptions listeningOn(ListenAddress... addresses) {
        return withDefaults(null, false, addresses);
    }

    /** Default settings; TCP with TLS. */
    public static NbdOptions secure(TlsOptions tls, ListenAddress... addresses) {
        return withDefaults(tls, false, addresses);
    }

    /** Default settings; TCP without TLS. */
    public static NbdOptions insecure(ListenAddress... addresses) {
        return withDefaults(null, true, addresses);
    }

    public NbdOptions withMaxConnections(int connections) {
        return new NbdOptions(
                listen,
                tls,
                insecure,
                socketMode,
                socketGroup,
                connections,
                idleHandshakeTimeout,
                stalledClientTimeout);
    }

    public NbdOptions withTimeouts(Duration idleHandshake, Duration stalledClient) {
        return new NbdOptions(
                listen, tls, insecure, socketMode, socketGroup, maxConnections, idleHandshake, stalledClient);
    }

    public NbdOptions withSocketMode(int mode) {
        return new NbdOptions(
                listen, tls, insecure, mode, socketGroup, maxConnections, idleHandshakeTimeout, stalledClientTimeout);
    }

    private static NbdOptions withDefaults(@Nullable TlsOptions tls, boolean insecure, ListenAddress... addresses) {
        return new NbdOptions(
                List.of(addresses),
                tls,
                insecure,
                DEFAULT_SOCKET_MODE,
                null,
                DEFAULT_MAX_CONNECTIONS,
                DEFAULT_IDLE_HANDSHAKE_TIMEOUT,
                DEFAULT_STALLED_CLIENT_TIMEOUT);
    }

    private static void checkTcp(List<ListenAddress> listen, @Nullable TlsOptions tls, boolean insecure) {
        if (tls != null && insecure) {
            throw new IllegalArgumentException(
                    "nbd.insecure and nbd.tls_certificate contradict each other; with TLS" + " leave nbd.insecure out");
        }
        for (ListenAddress address : listen) {
            if (address instanceof ListenAddress.Tcp && tls == null && !insecure) {
                throw new IllegalArgumentException("nbd.listen names " + address
                        + ", where whoever reaches the port would read and write every brick; set nbd.tls_certificate,"
                        + " nbd.tls_key and nbd.tls_client_authorities, or, where only friends can reach it,"
                        + " nbd.insecure: true");
            }
        }
    }

    private static void checkMode(int mode) {
        String written = "nbd.socket_mode 0" + Integer.toOctalString(mode);
        if ((mode & ~0777) != 0 || (mode & 0600) != 0600) {
            throw new IllegalArgumentException(
                    written + " does not let the service use its own socket; write something like \"0660\"");
        }
        if ((mode & 0002) != 0) {
            throw new IllegalArgumentException(written
                    + " would let every user of the machine write to every brick; use a group: \"0660\" and"
                    + " nbd.socket_group");
        }
    }

    private static void checkTimeout(String name, Duration timeout) {
        if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(Duration.ofHours(1)) > 0) {
            throw new IllegalArgumentException(name + " " + timeout + " is not in 1ms..1h");
        }
    }
}
