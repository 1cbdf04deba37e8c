package io.brickcache.mapping;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How bricks are mapped.
 *
 * @param connections between the kernel and the service for each device, 2 to 16. Two at least: with one, the kernel
 *     answers a request that timed out with an error instead of sending it again
 * @param requestTimeout after which the kernel sends a request again, 1 s to 10 min; after a crash of the service requests
 *     that were under way wait so long
 * @param deadTimeout how long requests wait for a service that is away, 1 s to 24 h; then they fail
 * @param logDirectory a folder of the service alone, in a tmpfs, for the write logs
 * @param logBytes of the write log of each mapped brick, 64 MiB to 1 GiB; memory that is taken when it is mapped
 */
public record MapOptions(
        int connections, Duration requestTimeout, Duration deadTimeout, Path logDirectory, int logBytes) {

    private static final Path LOG_DIRECTORY = Path.of("/dev/shm/brickcache");

    /** Default settings. */
    public static MapOptions defaults() {
        return of(
                4,
                Duration.ofSeconds(15).toNanos(),
                Duration.ofMinutes(5).toNanos(),
                LOG_DIRECTORY,
                WriteLog.MIN_BYTES);
    }

    public MapOptions {
        if (!allows(connections)) {
            throw new IllegalArgumentException("map.connections " + connections + " is not in 2..16");
        }
        if (deadTimeout.compareTo(requestTimeout) < 0) {
            throw new IllegalArgumentException("map.dead_timeout " + deadTimeout.toSeconds()
                    + "s is shorter than map.request_timeout " + requestTimeout.toSeconds()
                    + "s; a restart would end in errors");
        }
    }

    static boolean allows(int connections) {
        return connections >= 2 && connections <= 16;
    }

    public static MapOptions of(
            int connections, long requestTimeoutNs, long deadTimeoutNs, Path logDirectory, int logBytes) {
        return new MapOptions(
                connections,
                Duration.ofNanos(requestTimeoutNs),
                Duration.ofNanos(deadTimeoutNs),
                logDirectory,
                logBytes);
    }

    /** As these, with another folder. */
    public MapOptions withLogDirectory(Path directory) {
        return new MapOptions(connections, requestTimeout, deadTimeout, directory, logBytes);
    }
}
