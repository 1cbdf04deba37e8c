package io.brickcache.env;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Where a service listens: {@code unix:/path} or {@code tcp:host:port}. */
public sealed interface ListenAddress {

    /** What the kernel's sockaddr_un holds, less the closing zero byte. */
    int MAX_UNIX_PATH_BYTES = 107;

    /** A Unix-domain stream socket at an absolute path. */
    record Unix(Path path) implements ListenAddress {
        public Unix {
            if (!path.isAbsolute()) {
                throw new IllegalArgumentException("socket path " + path + " is not absolute");
            }
            int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
            if (bytes > MAX_UNIX_PATH_BYTES) {
                throw new IllegalArgumentException("socket path " + path + " has " + bytes + " bytes; the kernel takes "
                        + MAX_UNIX_PATH_BYTES + " at most, choose a shorter directory");
            }
        }

        @Override
        public String toString() {
            return "unix:" + path;
        }
    }

    /**
     * A TCP socket.
     *
     * @param host a name, an IPv4 address, or an IPv6 address without brackets
     * @param port 0 to 65535; 0 lets the kernel choose
     */
    record Tcp(String host, int port) implements ListenAddress {
        public Tcp {
            if (host.isBlank()) {
                throw new IllegalArgumentException(
                        "tcp address without a host; use 0.0.0.0 or [::] for every interface");
            }
            if (port < 0 || port > 65535) {
                throw new IllegalArgumentException("port " + port + " is not in 0..65535");
            }
        }

        @Override
        public String toString() {
            return host.contains(":") ? "tcp:[" + host + "]:" + port : "tcp:" + host + ":" + port;
        }
    }

    /**
     * Reads {@code unix:/run/x.sock}, {@code tcp:127.0.0.1:10809} or {@code tcp:[::1]:10809}.
     *
     * @throws IllegalArgumentException naming what is wrong
     */
    static ListenAddress parse(String text) {
        if (text.startsWith("unix:")) {
            String path = text.substring("unix:".length());
            if (path.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("socket path with a zero byte");
            }
            return new Unix(Path.of(path));
        }
        if (text.startsWith("tcp:")) {
            return parseTcp(text, text.substring("tcp:".length()));
        }
        throw new IllegalArgumentException("address \"" + text + "\" is neither unix:/path nor tcp:host:port");
    }

    private static Tcp parseTcp(String text, String hostAndPort) {
        int colon = hostAndPort.lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("address \"" + text + "\" has no port; write tcp:host:port");
        }
        String host = hostAndPort.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.contains(":")) {
            throw new IllegalArgumentException(
                    "address \"" + text + "\": put an IPv6 address in brackets, tcp:[::1]:10809");
        }
        String port = hostAndPort.substring(colon + 1);
        try {
            return new Tcp(host, Integer.parseInt(port));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("address \"" + text + "\": port \"" + port + "\" is not a number", e);
        }
    }
}
