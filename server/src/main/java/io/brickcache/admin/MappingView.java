package io.brickcache.admin;

import java.nio.file.Path;
import java.util.List;

/**
 * A brick as a block device of the kernel at one moment.
 *
 * @param devicePath {@code /dev/nbdN}
 * @param linkPath the name that udev gives it, the same after every boot
 * @param sizeBytes of the device
 * @param connections that the kernel has to the service when all is well
 * @param openConnections that it has now
 * @param stateReason why not all of them are there, or what is to be feared; empty while all is well
 * @param users what uses the device, for people: mount points, swap, devices on it
 */
public record MappingView(
        String brick,
        Path devicePath,
        Path linkPath,
        long sizeBytes,
        int connections,
        int openConnections,
        State state,
        String stateReason,
        List<String> users) {

    public MappingView {
        users = List.copyOf(users);
    }

    /** What can be expected of a device. */
    public enum State {
        /** Requests are served. */
        CONNECTED,
        /** Requests wait for the brick to be served again. */
        WAITING,
        /** The service was away for longer than requests wait: some may have failed. */
        SUSPECT
    }
}
