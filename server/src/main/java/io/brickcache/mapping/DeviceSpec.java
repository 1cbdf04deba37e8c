package io.brickcache.mapping;

import java.time.Duration;

/**
 * What the kernel is told of a device.
 *
 * @param backend who serves it; the kernel shows it in sysfs and lets nobody else change the device
 * @param sizeBytes a multiple of {@code blockBytes}
 * @param blockBytes logical block size
 * @param serverFlags the transmission flags of the export
 * @param requestTimeout after which a request is sent again on another connection
 * @param deadTimeout how long requests wait when no connection is left
 */
public record DeviceSpec(
        String backend,
        long sizeBytes,
        int blockBytes,
        int serverFlags,
        Duration requestTimeout,
        Duration deadTimeout) {}
