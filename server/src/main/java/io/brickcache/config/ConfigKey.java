package io.brickcache.config;

import io.brickcache.block.IoOptions;
import io.brickcache.env.ListenAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * One key of the file. {@link #ALL} is the truth about which there are; docs/configuration.md is checked against it.
 *
 * @param name section and key, {@code cache.buffers}, or the key alone at the top level
 * @param format what may be written
 * @param defaultText what holds when the key is left out, as it would be written; empty for nothing
 * @param shape whether several values may be given
 */
record ConfigKey<T>(String name, Format<T> format, String defaultText, Shape shape) {

    /** How many values a key takes. */
    enum Shape {
        SCALAR,
        /** One value or a list of them. */
        LIST
    }

    static final ConfigKey<Path> STATE_DIRECTORY =
            scalar("state_directory", new Format<>("absolute path", ConfigKey::absolutePath), "/var/lib/brickcache");

    static final ConfigKey<ListenAddress> NBD_LISTEN = new ConfigKey<>(
            "nbd.listen",
            new Format<>("unix:/path or tcp:host:port, one or a list", ListenAddress::parse),
            "unix:/run/brickcache/nbd.sock",
            Shape.LIST);
    static final ConfigKey<Path> NBD_TLS_CERTIFICATE = path("nbd.tls_certificate");
    static final ConfigKey<Path> NBD_TLS_KEY = path("nbd.tls_key");
    static final ConfigKey<Path> NBD_TLS_CLIENT_AUTHORITIES = path("nbd.tls_client_authorities");
    static final ConfigKey<Boolean> NBD_INSECURE =
            scalar("nbd.insecure", Format.oneOf(Map.of("true", true, "false", false)), "false");
    static final ConfigKey<Integer> NBD_SOCKET_MODE =
            scalar("nbd.socket_mode", new Format<>("octal mode, 0600 to 0775", ConfigKey::octalMode), "0660");
    static final ConfigKey<String> NBD_SOCKET_GROUP =
            scalar("nbd.socket_group", new Format<>("group name", ConfigKey::groupName), "");
    static final ConfigKey<Integer> NBD_MAX_CONNECTIONS =
            scalar("nbd.max_connections", Format.integer(1, 65_536), "256");
    static final ConfigKey<Long> NBD_HANDSHAKE_TIMEOUT =
            scalar("nbd.idle_handshake_timeout", Format.duration("1s", "1h"), "30s");
    static final ConfigKey<Long> NBD_STALLED_CLIENT_TIMEOUT =
            scalar("nbd.stalled_client_timeout", Format.duration("1s", "1h"), "60s");

    static final ConfigKey<ListenAddress> ADMIN_LISTEN = scalar(
            "admin.listen", new Format<>("unix:/path", ConfigKey::unixAddress), "unix:/run/brickcache/admin.sock");
    static final ConfigKey<Integer> ADMIN_SOCKET_MODE =
            scalar("admin.socket_mode", new Format<>("octal mode, 0600 to 0775", ConfigKey::octalMode), "0660");
    static final ConfigKey<String> ADMIN_SOCKET_GROUP =
            scalar("admin.socket_group", new Format<>("group name", ConfigKey::groupName), "");

    static final ConfigKey<IoOptions.Engine> IO_ENGINE = scalar(
            "io.engine",
            Format.oneOf(Map.of(
                    "auto", IoOptions.Engine.AUTO,
                    "io_uring", IoOptions.Engine.IO_URING,
                    "pooled", IoOptions.Engine.POOLED)),
            "auto");
    static final ConfigKey<Integer> IO_THREADS = scalar("io.threads", Format.integer(1, 256), "16");
    static final ConfigKey<Boolean> IO_DIRECT =
            scalar("io.direct", Format.oneOf(Map.of("true", true, "false", false)), "true");

    static final ConfigKey<Integer> CACHE_BUFFERS = scalar(
            "cache.buffers",
            Format.size("size, a power of two, 64MiB to 1GiB", "64MiB", "1GiB").map(ConfigKey::powerOfTwo),
            "128MiB");
    static final ConfigKey<Long> CACHE_COMMIT_INTERVAL =
            scalar("cache.commit_interval", Format.duration("10ms", "10s"), "1s");
    static final ConfigKey<Integer> CACHE_DIRTY_LOW = scalar("cache.dirty_low", Format.percent(0, 99), "70%");
    static final ConfigKey<Integer> CACHE_DIRTY_HIGH = scalar("cache.dirty_high", Format.percent(1, 100), "80%");
    static final ConfigKey<Long> CACHE_MAX_DIRTY_AGE =
            scalar("cache.max_dirty_age", Format.duration("1s", "720h"), "1h");
    static final ConfigKey<Long> CACHE_IDLE_DELAY = scalar("cache.idle_delay", Format.duration("1s", "720h"), "2s");
    static final ConfigKey<Long> CACHE_METADATA_MEMORY =
            scalar("cache.metadata_memory", Format.size("size, 4MiB to 16GiB", "4MiB", "16GiB"), "64MiB");

    static final ConfigKey<Long> CACHE_SCRUB_INTERVAL =
            scalar("cache.scrub_interval", Format.duration("1h", "8760h").orWord("off", 0L), "720h");
    static final ConfigKey<Long> CACHE_SCRUB_RATE =
            scalar("cache.scrub_rate", Format.size("size per second, 1MiB to 64GiB", "1MiB", "64GiB"), "64MiB");

    static final ConfigKey<Integer> MAP_CONNECTIONS = scalar("map.connections", Format.integer(2, 16), "4");
    static final ConfigKey<Long> MAP_REQUEST_TIMEOUT =
            scalar("map.request_timeout", Format.duration("1s", "10m"), "15s");
    static final ConfigKey<Long> MAP_DEAD_TIMEOUT = scalar("map.dead_timeout", Format.duration("1s", "24h"), "5m");

    static final ConfigKey<Path> MAP_LOG_DIRECTORY =
            scalar("map.log_directory", new Format<>("absolute path", ConfigKey::absolutePath), "/dev/shm/brickcache");
    static final ConfigKey<Integer> MAP_LOG_SIZE = scalar(
            "map.log_size", Format.size("size, 64MiB to 1GiB", "64MiB", "1GiB").map(Math::toIntExact), "64MiB");

    /** All keys, in the order of the documentation. */
    static final List<ConfigKey<?>> ALL = List.of(
            STATE_DIRECTORY,
            NBD_LISTEN,
            NBD_TLS_CERTIFICATE,
            NBD_TLS_KEY,
            NBD_TLS_CLIENT_AUTHORITIES,
            NBD_INSECURE,
            NBD_SOCKET_MODE,
            NBD_SOCKET_GROUP,
            NBD_MAX_CONNECTIONS,
            NBD_HANDSHAKE_TIMEOUT,
            NBD_STALLED_CLIENT_TIMEOUT,
            ADMIN_LISTEN,
            ADMIN_SOCKET_MODE,
            ADMIN_SOCKET_GROUP,
            IO_ENGINE,
            IO_THREADS,
            IO_DIRECT,
            CACHE_BUFFERS,
            CACHE_COMMIT_INTERVAL,
            CACHE_DIRTY_LOW,
            CACHE_DIRTY_HIGH,
            CACHE_MAX_DIRTY_AGE,
            CACHE_IDLE_DELAY,
            CACHE_METADATA_MEMORY,
            CACHE_SCRUB_INTERVAL,
            CACHE_SCRUB_RATE,
            MAP_CONNECTIONS,
            MAP_REQUEST_TIMEOUT,
            MAP_DEAD_TIMEOUT,
            MAP_LOG_DIRECTORY,
            MAP_LOG_SIZE);

    private static <T> ConfigKey<T> scalar(String name, Format<T> format, String defaultText) {
        return new ConfigKey<>(name, format, defaultText, Shape.SCALAR);
    }

    private static ConfigKey<Path> path(String name) {
        return scalar(name, new Format<>("absolute path", ConfigKey::absolutePath), "");
    }

    private static Path absolutePath(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("path with a zero byte");
        }
        Path path = Path.of(text);
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException("not an absolute path");
        }
        return path;
    }

    private static ListenAddress unixAddress(String text) {
        ListenAddress address = ListenAddress.parse(text);
        if (!(address instanceof ListenAddress.Unix)) {
            throw new IllegalArgumentException("administration is served on a Unix socket only");
        }
        return address;
    }

    private static int octalMode(String text) {
        if (!text.matches("0?[0-7]{3}")) {
            throw new IllegalArgumentException("not three octal digits");
        }
        int mode = Integer.parseInt(text, 8);
        if ((mode & 0600) != 0600 || (mode & 0002) != 0) {
            throw new IllegalArgumentException("must let the owner read and write, and others not write");
        }
        return mode;
    }

    private static String groupName(String text) {
        if (!text.matches("[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}")) {
            throw new IllegalArgumentException("not a group name");
        }
        return text;
    }

    private static int powerOfTwo(long bytes) {
        if (Long.bitCount(bytes) != 1) {
            throw new IllegalArgumentException("not a power of two");
        }
        return Math.toIntExact(bytes);
    }
}
