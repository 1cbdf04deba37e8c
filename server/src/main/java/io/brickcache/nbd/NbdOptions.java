package io.brickcache.nbd;

import io.brickcache.env.ListenAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;

/**
 * Settings of the NBD server.
 *
 * @param listen where to listen; at least one address, none twice
 * @param maxConnections connections at a time, over all exports, 1 to 65536; one more is closed at once. Each holds up to
 *     3 MiB of answers that its client does not read
 * @param idleHandshakeTimeout how long a client may take to choose an export, 1 ms to 1 h
 */
public record NbdOptions(List<ListenAddress> listen, int maxConnections, Duration idleHandshakeTimeout) {

    public static final int DEFAULT_MAX_CONNECTIONS = 256;
    public static final Duration DEFAULT_IDLE_HANDSHAKE_TIMEOUT = Duration.ofSeconds(30);

    private static final int MOST_CONNECTIONS = 65536;

    public NbdOptions {
        listen = List.copyOf(listen);
        if (listen.isEmpty()) {
            throw new IllegalArgumentException("nbd.listen names no address");
        }
        if (new HashSet<>(listen).size() != listen.size()) {
            throw new IllegalArgumentException("nbd.listen names an address twice: " + listen);
        }
        if (maxConnections < 1 || maxConnections > MOST_CONNECTIONS) {
            throw new IllegalArgumentException(
                    "nbd.max_connections " + maxConnections + " is not in 1.." + MOST_CONNECTIONS);
        }
        if (idleHandshakeTimeout.compareTo(Duration.ofMillis(1)) < 0
                || idleHandshakeTimeout.compareTo(Duration.ofHours(1)) > 0) {
            throw new IllegalArgumentException(
                    "nbd.idle_handshake_timeout " + idleHandshakeTimeout + " is not in 1ms..1h");
        }
    }

    /** Default limits. */
    public static NbdOptions listeningOn(ListenAddress... addresses) {
        return new NbdOptions(List.of(addresses), DEFAULT_MAX_CONNECTIONS, DEFAULT_IDLE_HANDSHAKE_TIMEOUT);
    }
}
