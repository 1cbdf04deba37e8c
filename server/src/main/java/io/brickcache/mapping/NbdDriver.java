package io.brickcache.mapping;

import java.util.List;

/** The kernel's NBD driver. Calls may block for some seconds. Thread-safe. */
public interface NbdDriver {

    /**
     * Makes a device of connected sockets, which stay the caller's to close; the kernel keeps its own hold on them.
     *
     * @param index the number that the device shall have; -1 for any that is free
     * @return the number of the device
     */
    int connect(int index, DeviceSpec spec, List<Integer> sockets) throws MappingException;

    /**
     * Gives a device sockets in the place of dead ones, and its present size. Sockets for which there is no dead one are
     * let go.
     */
    void reconfigure(int index, DeviceSpec spec, List<Integer> sockets) throws MappingException;

    /** Takes the device away: its requests fail from now on. */
    void disconnect(int index) throws MappingException;

    /** True if the device has been connected and not been taken away, alive or not. */
    boolean isConnected(int index) throws MappingException;
}
