package io.brickcache.config;

import io.brickcache.admin.AdminOptions;
import io.brickcache.block.IoOptions;
import io.brickcache.cache.CacheOptions;
import io.brickcache.cache.ScrubOptions;
import io.brickcache.config.ConfigException.Problem;
import io.brickcache.env.FileFailures;
import io.brickcache.mapping.MapOptions;
import io.brickcache.nbd.NbdOptions;
import io.brickcache.nbd.TlsOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads the YAML file of a node. Every key is optional; whatever is not understood is an error with its place. */
public final class ConfigLoader {

    /** A file that is larger is not a configuration. */
    static final int MAX_FILE_BYTES = 64 << 10;

    private ConfigLoader() {}

    /** Reads a file. */
    public static Config load(Path path) throws ConfigException {
        String file = path.toString();
        byte[] bytes;
        try {
            bytes = FileFailures.readSmall(path, MAX_FILE_BYTES);
        } catch (NoSuchFileException e) {
            throw failure(file, "does not exist; name another file with --config");
        } catch (IOException e) {
            throw failure(file, "cannot be read: " + FileFailures.why(e));
        }
        return parse(file, bytes);
    }

    /** Reads the bytes of a file of that name. */
    static Config parse(String file, byte[] bytes) throws ConfigException {
        Settings settings = new Settings(file);
        compose(file, text(file, bytes)).ifPresent(settings::read);
        if (!settings.problems().isEmpty()) {
            throw new ConfigException(settings.problems());
        }
        NbdOptions nbd = build(
                settings,
                "nbd",
                () -> new NbdOptions(
                        settings.list(ConfigKey.NBD_LISTEN),
                        TlsOptions.of(
                                settings.find(ConfigKey.NBD_TLS_CERTIFICATE).orElse(null),
                                settings.find(ConfigKey.NBD_TLS_KEY).orElse(null),
                                settings.find(ConfigKey.NBD_TLS_CLIENT_AUTHORITIES)
                                        .orElse(null)),
                        settings.get(ConfigKey.NBD_INSECURE),
                        settings.get(ConfigKey.NBD_SOCKET_MODE),
                        settings.find(ConfigKey.NBD_SOCKET_GROUP).orElse(null),
                        settings.get(ConfigKey.NBD_MAX_CONNECTIONS),
                        Duration.ofNanos(settings.get(ConfigKey.NBD_HANDSHAKE_TIMEOUT)),
                        Duration.ofNanos(settings.get(ConfigKey.NBD_STALLED_CLIENT_TIMEOUT))));
        AdminOptions admin = build(
                settings,
                "admin",
                () -> new AdminOptions(
                        settings.get(ConfigKey.ADMIN_LISTEN),
                        settings.get(ConfigKey.ADMIN_SOCKET_MODE),
                        settings.find(ConfigKey.ADMIN_SOCKET_GROUP).orElse(null)));
        if (nbd != null && admin != null && nbd.listen().contains(admin.listen())) {
            settings.problemAt(
                    ConfigKey.ADMIN_LISTEN.name(),
                    "admin.listen is " + admin.listen() + ", and so is nbd.listen; give each its own socket");
        }
        IoOptions io = build(
                settings,
                "io",
                () -> new IoOptions(
                        settings.get(ConfigKey.IO_ENGINE),
                        settings.get(ConfigKey.IO_THREADS),
                        settings.get(ConfigKey.IO_DIRECT)));
        CacheOptions cache = build(
                settings,
                "cache",
                () -> new CacheOptions(
                        settings.get(ConfigKey.CACHE_BUFFERS),
                        settings.get(ConfigKey.CACHE_COMMIT_INTERVAL),
                        settings.get(ConfigKey.CACHE_DIRTY_LOW),
                        settings.get(ConfigKey.CACHE_DIRTY_HIGH),
                        settings.get(ConfigKey.CACHE_MAX_DIRTY_AGE),
                        settings.get(ConfigKey.CACHE_IDLE_DELAY),
                        settings.get(ConfigKey.CACHE_METADATA_MEMORY)));
        ScrubOptions scrub = build(
                settings,
                "cache",
                () -> new ScrubOptions(
                        settings.get(ConfigKey.CACHE_SCRUB_INTERVAL), settings.get(ConfigKey.CACHE_SCRUB_RATE)));
        MapOptions map = build(
                settings,
                "map",
                () -> MapOptions.of(
                        settings.get(ConfigKey.MAP_CONNECTIONS),
                        settings.get(ConfigKey.MAP_REQUEST_TIMEOUT),
                        settings.get(ConfigKey.MAP_DEAD_TIMEOUT),
                        settings.get(ConfigKey.MAP_LOG_DIRECTORY),
                        settings.get(ConfigKey.MAP_LOG_SIZE)));
        if (nbd == null
                || admin == null
                || io == null
                || cache == null
                || scrub == null
                || map == null
                || !settings.problems().isEmpty()) {
            throw new ConfigException(settings.problems());
        }
        return new Config(settings.get(ConfigKey.STATE_DIRECTORY), nbd, admin, io, cache, scrub, map);
    }

    /** The options of a section, or null with a problem if the values do not go together. */
    private static <T> @Nullable T build(Settings settings, String section, Supplier<T> options) {
        try {
            return options.get();
        } catch (IllegalArgumentException e) {
            settings.problemAt(section, String.valueOf(e.getMessage()));
            return null;
        }
    }

    private static Optional<Node> compose(String file, String text) throws ConfigException {
        LoadSettings yaml = LoadSettings.builder()
                .setLabel(file)
                .setUseMarks(true)
                .setAllowNonScalarKeys(true)
                .build();
        try {
            return new Compose(yaml).composeString(text);
        } catch (MarkedYamlEngineException e) {
            Optional<Mark> mark = e.getProblemMark().or(e::getContextMark);
            throw new ConfigException(List.of(new Problem(
                    file,
                    mark.map(place -> place.getLine() + 1).orElse(0),
                    mark.map(place -> place.getColumn() + 1).orElse(0),
                    "not valid YAML: " + oneLine(e.getProblem()))));
        } catch (YamlEngineException | IllegalArgumentException e) {
            // The second for what the library's own node types refuse, a tag with spaces for example.
            throw failure(file, "not valid YAML: " + oneLine(e.getMessage()));
        } catch (StackOverflowError e) {
            throw failure(file, "not valid YAML: nested too deeply");
        }
    }

    private static String text(String file, byte[] bytes) throws ConfigException {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw failure(file, "is not UTF-8 text");
        }
    }

    private static ConfigException failure(String file, String message) {
        return new ConfigException(List.of(new Problem(file, 0, 0, message)));
    }

    private static String oneLine(@Nullable String text) {
        return String.valueOf(text).replaceAll("\\s+", " ").strip();
    }
}
