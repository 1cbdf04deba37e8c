package io.brickcache.env;

import java.nio.file.Path;

/** Where a server listens: {@code unix:/absolute/path} or {@code tcp:host:port}. */
public sealed interface ListenAddress {

    /** A Unix socket at an absolute path. */
    record Unix(Path path) implements ListenAddress {
        public Unix {
            if (!path.isAbsolute()) {
                throw new IllegalArgumentException("socket path " + path + " is not absolute");
            }
        }

        @Override
        public String toString() {
            return "unix:" + path;
        }
    }

    /**
     * A TCP port.
     *
     * @param host a name or a literal address, IPv6 without brackets
     * @param port 0 (any free port) to 65535
     */
    record Tcp(String host, int port) implements ListenAddress {
        public Tcp {
            if (host.isEmpty()) {
                throw new IllegalArgumentException("no host before port " + port);
            }
            if (port < 0 || port > 65535) {
                throw new IllegalArgumentException("port " + port + " is not between 0 and 65535");
            }
        }

        @Override
        public String toString() {
            return "tcp:" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /** Reads an address; an {@link IllegalArgumentException} says what is wrong with it. */
    static ListenAddress parse(String text) {
        if (text.startsWith("unix:")) {
            return new Unix(Path.of(text.substring("unix:".length())));
        }
        if (!text.startsWith("tcp:")) {
            throw new IllegalArgumentException(
                    "address '" + text + "' is neither unix:/path/to.sock nor tcp:host:port");
        }
        String rest = text.substring("tcp:".length());
        int colon = rest.lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("address '" + text + "' has no port; write tcp:host:port");
        }
        String host = rest.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        try {
            return new Tcp(host, Integer.parseInt(rest.substring(colon + 1)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("address '" + text + "' has no numeric port", e);
        }
    }
}
