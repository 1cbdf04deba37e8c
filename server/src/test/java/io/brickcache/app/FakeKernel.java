package io.brickcache.app;

import com.sun.jna.Library;
import com.sun.jna.Native;
import io.brickcache.mapping.DeviceSpec;
import io.brickcache.mapping.MappingException;
import io.brickcache.mapping.NbdDevices;
import io.brickcache.mapping.NbdDriver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A kernel whose NBD driver keeps what the real one promises, as far as a service sees it: devices have numbers, sysfs shows
 * their backends, a device is connected once and stays so until it is disconnected, and the driver has its own hold on the
 * sockets that it is given. Requests go through them as the driver's do.
 */
final class FakeKernel implements NbdDriver {

    private final Path sys;
    private final Path proc;
    private final Map<Integer, DeviceSpec> connected = new HashMap<>();
    private final Map<Integer, List<Integer>> held = new HashMap<>();
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
        held.put(chosen, hold(sockets));
        write(sys.resolve("block/nbd" + chosen + "/backend"), spec.backend());
        write(sys.resolve("block/nbd" + chosen + "/dev"), "43:" + chosen * 32);
        resize(chosen, spec);
        return chosen;
    }

    @Override
    public synchronized void reconfigure(int index, DeviceSpec spec, List<Integer> sockets) throws MappingException {
        check();
        DeviceSpec known = connected.get(index);
        if (known == null || !known.backend().equals(spec.backend())) {
            throw new MappingException(MappingException.Reason.NOT_CONNECTED, "nbd" + index + " is not yours", "map");
        }
        List<Integer> holds = Objects.requireNonNull(held.get(index));
        if (spec.sizeBytes() != known.sizeBytes() && holds.isEmpty()) {
            throw new AssertionError("nbd" + index + " waits for requests that wait for connections");
        }
        connected.put(index, spec);
        resize(index, spec);
        holds.addAll(hold(sockets));
        reconfigurations++;
        notifyAll();
    }

    private void resize(int index, DeviceSpec spec) {
        write(sys.resolve("block/nbd" + index + "/size"), Long.toString(spec.sizeBytes() / 512));
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
        cut(index);
        try {
            Files.delete(sys.resolve("block/nbd" + index + "/backend"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The connections of a device break. */
    synchronized void cut(int index) {
        List<Integer> sockets = Objects.requireNonNull(held.get(index));
        sockets.forEach(SocketCalls.C::close);
        sockets.clear();
    }

    /** Reads through the youngest connection of a device. */
    byte[] read(int index, long offset, int length) {
        int socket;
        synchronized (this) {
            List<Integer> sockets = Objects.requireNonNull(held.get(index));
            socket = sockets.get(sockets.size() - 1);
        }
        byte[] request = ByteBuffer.allocate(28)
                .putInt(0x25609513)
                .putInt(0)
                .putLong(4711)
                .putLong(offset)
                .putInt(length)
                .array();
        if (SocketCalls.C.write(socket, request, request.length) != request.length) {
            throw new AssertionError("the request was not sent");
        }
        byte[] reply = receive(socket, 16);
        if (!java.util.Arrays.equals(
                reply,
                ByteBuffer.allocate(16)
                        .putInt(0x67446698)
                        .putInt(0)
                        .putLong(4711)
                        .array())) {
            throw new AssertionError("an error, or another reply: " + java.util.Arrays.toString(reply));
        }
        return receive(socket, length);
    }

    private static byte[] receive(int socket, int length) {
        byte[] all = new byte[length];
        int done = 0;
        while (done < length) {
            byte[] part = new byte[length - done];
            long count = SocketCalls.C.read(socket, part, part.length);
            if (count <= 0) {
                throw new AssertionError("the connection ended after " + done + " bytes");
            }
            System.arraycopy(part, 0, all, done, (int) count);
            done += (int) count;
        }
        return all;
    }

    private static List<Integer> hold(List<Integer> sockets) {
        return new ArrayList<>(sockets.stream().map(SocketCalls.C::dup).toList());
    }

    /** Of descriptors that have no Java object. */
    interface SocketCalls extends Library {
        SocketCalls C = Native.load("c", SocketCalls.class);

        int dup(int fd);

        int close(int fd);

        long read(int fd, byte[] to, long bytes);

        long write(int fd, byte[] from, long bytes);
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
