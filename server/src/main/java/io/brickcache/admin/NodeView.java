package io.brickcache.admin;

import java.time.Duration;
import java.time.Instant;

/**
 * The service at one moment.
 *
 * @param stateReason what it waits for, for people; empty while it serves
 */
public record NodeView(
        String version, Instant startTime, Duration uptime, IoEngine ioEngine, State state, String stateReason) {

    /** How devices are read and written. */
    public enum IoEngine {
        IO_URING,
        POOLED
    }

    /** Where the service is between its start and its end. */
    public enum State {
        STARTING,
        SERVING,
        STOPPING
    }
}
