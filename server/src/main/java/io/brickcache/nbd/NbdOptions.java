package io.brickcache.nbd;

import io.brickcache.env.ListenAddress;
import java.util.List;

/**
 * How the NBD server listens.
 *
 * @param listen addresses, at least one; NBD has no authentication: whoever reaches a TCP port owns the bricks
 * @param maxConnections connections at a time, 1 to 65536; more are turned away
 * @param handshakeTimeoutNs how long a client may take to choose an export, in nanoseconds, 1 s to 1 h
 */
public record NbdOptions(List<ListenAddress> listen, int maxConnections, long handshakeTimeoutNs) {

    public static final int MAX_CONNECTIONS = 65_536;
    public static final long MIN_HANDSHAKE_TIMEOUT_NS = 1_000_000_000L;
    public static final long MAX_HANDSHAKE_TIMEOUT_NS = 3_600_000_000_000L;

    public NbdOptions {
        listen = List.copyOf(listen);
        if (listen.isEmpty()) {
            throw new IllegalArgumentException("nbd.listen names no address");
        }
        if (maxConnections < 1 || maxConnections > MAX_CONNECTIONS) {
            throw new IllegalArgumentException(
                    "nbd.max_connections is " + maxConnections + ", must be 1 to " + MAX_CONNECTIONS);
        }
        if (handshakeTimeoutNs < MIN_HANDSHAKE_TIMEOUT_NS || handshakeTimeoutNs > MAX_HANDSHAKE_TIMEOUT_NS) {
            throw new IllegalArgumentException(
                    "nbd.idle_handshake_timeout is " + handshakeTimeoutNs + " ns, must be 1s to 1h");
        }
    }
}
