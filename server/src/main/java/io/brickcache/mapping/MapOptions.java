package io.brickcache.mapping;

import java.time.Duration;

/**
 * How bricks are mapped.
 *
 * @param connections between the kernel and the service for each device, 2 to 16. Two at least: with one, the kernel
 *     answers a request that timed out with an error instead of sending it again
 * @param requestTimeout after which the kernel sends a request again, 1 s to 10 min; after a crash of the service requests
 *     that were under way wait so long
 * @param deadTimeout how long requests wait for a service that is away, 1 s to 24 h; then they fail
 */
public record MapOptions(int connections, Duration requestTimeout, Duration deadTimeout) {

    public static final MapOptions DEFAULT = new MapOptions(4, Duration.ofSeconds(15), Duration.ofMinutes(5));

    public MapOptions {
        if (connections < 2 || connections > 16) {
            throw new IllegalArgumentException("map.connections " + connections + " is not in 2..16");
        }
        if (deadTimeout.compareTo(requestTimeout) < 0) {
            throw new IllegalArgumentException("map.dead_timeout " + deadTimeout.toSeconds()
                    + "s is shorter than map.request_timeout " + requestTimeout.toSeconds()
                    + "s; a restart would end in errors");
        }
    }

    public static MapOptions of(int connections, long requestTimeoutNs, long deadTimeoutNs) {
        return new MapOptions(connections, Duration.ofNanos(requestTimeoutNs), Duration.ofNanos(deadTimeoutNs));
    }
}
