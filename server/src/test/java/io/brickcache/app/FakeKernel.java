package io.brickcache.app;

import io.brickcache.mapping.DeviceSpec;
import io.brickcache.mapping.MappingException;
import io.brickcache.mapping.NbdDevices;
import io.brickcache.mapping.NbdDriver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A kernel whose NBD driver keeps what the real one promises, as far as a service sees it: devices have numbers, sysfs shows
 * their backends, a device is connected once and stays so until it is disconnected. The sockets it is given it lets go, as
 * the driver does with those for which it has no use: so every connection breaks at once, and has to be made again.
 */
final class FakeKernel implements NbdDriver {

    private final Path sys;
    private final Path proc;
    private final Map<Integer, DeviceSpec> connected = new HashMap<>();
    private int reconfigurations;
    private @Nullable MappingException refusal;

    FakeKernel(Path directory) {
        this.sys = directory.resolve("sys");
        this.proc = directory.resolve("proc");
        write(proc.resolve("sys/kernel/random/boot_id"), "first-boot");
        write(proc.resolve("self/mountinfo"), "");
    }

    NbdDevices devices() {
        return new NbdDevices(sys, proc);
    }

    /** From now on the driver refuses everything; null: no more. */
    synchronized void refuse(@Nullable MappingException why) {
        refusal = why;
    }

    /** The device is mounted there. */
    void mount(int index, String place) {
        write(
                proc.resolve("self/mountinfo"),
                "36 35 43:" + index * 32 + " / " + place + " rw,noatime - xfs /dev/nbd" + index + " rw\n");
    }

    void unmount() {
        write(proc.resolve("self/mountinfo"), "");
    }

    /** The machine boots: its devices are gone. */
    synchronized void reboot() {
        List.copyOf(connected.keySet()).forEach(this::remove);
        write(proc.resolve("sys/kernel/random/boot_id"), "second-boot");
    }

    synchronized int reconfigurations() {
        return reconfigurations;
    }

    synchronized @Nullable DeviceSpec device(int index) {
        return connected.get(index);
    }

    @Override
    public synchronized int connect(int index, DeviceSpec spec, List<Integer> sockets) throws MappingException {
        check();
        int chosen = Math.max(index, 0);
        while (index < 0 && connected.containsKey(chosen)) {
            chosen++;
        }
        if (connected.containsKey(chosen)) {
            throw new MappingException(MappingException.Reason.IN_USE, "nbd" + chosen + " is in use", "take another");
        }
        connected.put(chosen, spec);
        write(sys.resolve("block/nbd" + chosen + "/backend"), spec.backend());
        write(sys.resolve("block/nbd" + chosen + "/dev"), "43:" + chosen * 32);
        return chosen;
    }

    @Override
    public synchronized void reconfigure(int index, DeviceSpec spec, List<Integer> sockets) throws MappingException {
        check();
        DeviceSpec known = connected.get(index);
        if (known == null || !known.backend().equals(spec.backend())) {
            throw new MappingException(MappingException.Reason.NOT_CONNECTED, "nbd" + index + " is not yours", "map");
        }
        connected.put(index, spec);
        reconfigurations++;
        notifyAll();
    }

    /** Waits until a service has given a device new connections so often, in all. */
    synchronized void awaitReconfigurations(int count) throws InterruptedException {
        while (reconfigurations < count) {
            wait(60_000);
        }
    }

    @Override
    public synchronized void disconnect(int index) throws MappingException {
        check();
        if (!connected.containsKey(index)) {
            throw new MappingException(MappingException.Reason.NOT_CONNECTED, "nbd" + index + " is not there", "map");
        }
        remove(index);
    }

    @Override
    public synchronized boolean isConnected(int index) throws MappingException {
        check();
        return connected.containsKey(index);
    }

    private void check() throws MappingException {
        if (refusal != null) {
            throw refusal;
        }
    }

    private void remove(int index) {
        connected.remove(index);
        try {
            Files.delete(sys.resolve("block/nbd" + index + "/backend"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
