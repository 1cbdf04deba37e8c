package io.brickcache.app;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd how the service does (the protocol of sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names,
 * a path or, with {@code @}, an abstract name. Without NOTIFY_SOCKET it does nothing. Never fails: what cannot be sent
 * is logged. May be called from any thread; {@link #status} and {@link #watchdog} never block.
 */
public final class SystemdNotifier {

    private static final Logger LOG = LoggerFactory.getLogger(SystemdNotifier.class);

    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int FAMILY_BYTES = 2;
    private static final int MAX_ADDRESS_BYTES = 107;

    private final byte @Nullable [] address;
    private final OptionalLong watchdogUs;

    private SystemdNotifier(byte @Nullable [] address, OptionalLong watchdogUs) {
        this.address = address;
        this.watchdogUs = watchdogUs;
    }

    /** Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. */
    public static SystemdNotifier fromEnvironment(Map<String, String> environment) {
        String name = environment.getOrDefault("NOTIFY_SOCKET", "");
        if (name.isEmpty()) {
            return new SystemdNotifier(null, OptionalLong.empty());
        }
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes[0] != '/' && bytes[0] != '@' || bytes.length > MAX_ADDRESS_BYTES) {
            LOG.warn("NOTIFY_SOCKET {} is neither a path nor an abstract name; systemd is told nothing", name);
            return new SystemdNotifier(null, OptionalLong.empty());
        }
        if (bytes[0] == '@') {
            bytes[0] = 0;
        }
        return new SystemdNotifier(bytes, watchdog(environment));
    }

    private static OptionalLong watchdog(Map<String, String> environment) {
        String pid = environment.getOrDefault("WATCHDOG_PID", "");
        if (!pid.isEmpty() && !pid.equals(Long.toString(ProcessHandle.current().pid()))) {
            return OptionalLong.empty();
        }
        String us = environment.getOrDefault("WATCHDOG_USEC", "");
        return us.matches("[1-9]\\d{0,15}") ? OptionalLong.of(Long.parseLong(us)) : OptionalLong.empty();
    }

    /** Requests are served. */
    public void ready() {
        send("READY=1", 0);
    }

    /** The service is on its way down. */
    public void stopping() {
        send("STOPPING=1", 0);
    }

    /** One line for {@code systemctl status}. */
    public void status(String line) {
        send("STATUS=" + line.replaceAll("\\s+", " ").strip(), MSG_DONTWAIT);
    }

    /** Start or stop takes longer: systemd is to wait for at least {@code timeoutUs} microseconds from now. */
    public void extendTimeout(long timeoutUs) {
        send("EXTEND_TIMEOUT_USEC=" + timeoutUs, 0);
    }

    /** I/O moves. To be called at least every {@link #watchdogUs}, better twice as often. */
    public void watchdog() {
        send("WATCHDOG=1", MSG_DONTWAIT);
    }

    /** Microseconds after which systemd gives up on a silent service; empty without a watchdog. */
    public OptionalLong watchdogUs() {
        return watchdogUs;
    }

    private void send(String message, int flags) {
        byte[] target = address;
        if (target == null) {
            return;
        }
        try {
            send(target, message.getBytes(StandardCharsets.UTF_8), flags | MSG_NOSIGNAL);
        } catch (LastErrorException | UnsatisfiedLinkError e) {
            LOG.warn("systemd was not told {}: {}", message, e.getMessage());
        }
    }

    private static void send(byte[] target, byte[] message, int flags) {
        int socket = LibC.INSTANCE.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        try (Memory sockaddr = new Memory(FAMILY_BYTES + target.length)) {
            sockaddr.setShort(0, (short) AF_UNIX);
            sockaddr.write(FAMILY_BYTES, target, 0, target.length);
            LibC.INSTANCE.sendto(
                    socket, message, new NativeSize(message.length), flags, sockaddr, (int) sockaddr.size());
        } finally {
            LibC.INSTANCE.close(socket);
        }
    }

    private interface LibC extends Library {
        LibC INSTANCE = Native.load("c", LibC.class);

        int socket(int domain, int type, int protocol) throws LastErrorException;

        NativeSize sendto(int socket, byte[] message, NativeSize length, int flags, Pointer address, int addressBytes)
                throws LastErrorException;

        int close(int descriptor);
    }

    /** A {@code size_t} or {@code ssize_t}. */
    public static final class NativeSize extends com.sun.jna.IntegerType {
        private static final long serialVersionUID = 1;

        public NativeSize() {
            this(0);
        }

        public NativeSize(long value) {
            super(Native.SIZE_T_SIZE, value);
        }
    }
}
