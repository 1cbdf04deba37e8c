package io.brickcache.app;

import io.brickcache.app.KnownCache.Origin;
import io.brickcache.app.KnownCache.Phase;
import io.brickcache.env.Directories;
import io.brickcache.env.FileFailures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * The file {@value #FILE} in the state directory: which caches there are. A new state replaces the old one whole and is
 * durable when {@link #save} returns: temporary file, sync, rename, sync of the directory. One thread at a time.
 */
final class NodeState {

    static final String FILE = "caches.yaml";

    private static final int FORMAT_VERSION = 1;
    private static final String HEADER =
            "# The caches of this node. Written by brickcached; do not edit it while the" + " service runs.\n";

    private final Path directory;

    NodeState(Path directory) {
        this.directory = directory;
    }

    Path file() {
        return directory.resolve(FILE);
    }

    /**
     * The caches as they were saved last; none if nothing was ever saved.
     *
     * @throws IOException if the file cannot be read or understood: a service that forgets its caches must not start
     */
    List<KnownCache> load() throws IOException {
        String text;
        try {
            text = Files.readString(file());
        } catch (NoSuchFileException e) {
            checkNeverSaved();
            return List.of();
        } catch (CharacterCodingException e) {
            throw new IOException("the state file " + file() + " is no UTF-8 text; restore it from a backup", e);
        } catch (IOException e) {
            throw new IOException(
                    "the state file " + file() + " cannot be read: "
                            + (Files.isDirectory(file()) ? "is a directory" : FileFailures.why(e))
                            + "; put that right, or restore it from a backup",
                    e);
        }
        return parse(text);
    }

    /** The file is written before the first brick is attached: with bricks and without it, it has been lost. */
    private void checkNeverSaved() throws IOException {
        Path bricks = directory.resolve(BrickLedger.FOLDER);
        if (!Files.isDirectory(bricks)) {
            return;
        }
        try (Stream<Path> records = Files.list(bricks)) {
            long count = records.count();
            if (count > 0) {
                throw new IOException("the state file " + file() + " is missing, but there are records of " + count
                        + (count == 1 ? " brick in " : " bricks in ") + bricks
                        + "; restore it from a backup, or, to forget the caches of this node and what only they have,"
                        + " move that directory away");
            }
        }
    }

    /** The caches that the text of the file names. */
    List<KnownCache> parse(String text) throws IOException {
        try {
            Fields root = new Fields(new Load(LoadSettings.builder().build()).loadFromString(text));
            long version = root.number("version");
            if (version != FORMAT_VERSION) {
                throw new IllegalArgumentException(
                        "it has version " + version + ", this program knows " + FORMAT_VERSION);
            }
            return root.list("caches").stream().map(NodeState::cache).toList();
        } catch (YamlEngineException | IllegalArgumentException | ArithmeticException | StackOverflowError e) {
            throw new IOException(
                    "the state file " + file() + " cannot be understood: "
                            + String.valueOf(e.getMessage()).strip().replaceAll("\\s+", " ")
                            + "; restore it from a backup, or install the release that wrote it",
                    e);
        }
    }

    /** Replaces the state. */
    void save(List<KnownCache> caches) throws IOException {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("version", FORMAT_VERSION);
        root.put("caches", caches.stream().map(NodeState::fields).toList());
        DumpSettings settings =
                DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build();
        String text = HEADER + new Dump(settings).dumpToString(root);
        Path temporary = directory.resolve(FILE + ".new");
        try (FileChannel out = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        }
        Files.move(temporary, file(), StandardCopyOption.ATOMIC_MOVE);
        Directories.sync(directory);
    }

    private static Map<String, Object> fields(KnownCache cache) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", cache.name());
        fields.put("uuid", cache.uuid().toString());
        fields.put("directory", cache.directory().toString());
        fields.put("data_path", cache.dataPath().toString());
        fields.put("origin", cache.origin().name());
        fields.put("block_bytes", cache.blockBytes());
        fields.put("slots", cache.slots());
        fields.put("phase", cache.phase().name());
        fields.put("bricks", cache.bricks().stream().map(NodeState::fields).toList());
        return fields;
    }

    private static Map<String, Object> fields(KnownBrick brick) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", brick.name());
        fields.put("uuid", brick.uuid().toString());
        fields.put("device", brick.device().toString());
        fields.put("identity", brick.identity());
        fields.put("size_bytes", brick.sizeBytes());
        return fields;
    }

    private static KnownCache cache(Fields fields) {
        return new KnownCache(
                fields.text("name"),
                UUID.fromString(fields.text("uuid")),
                Path.of(fields.text("directory")),
                Path.of(fields.text("data_path")),
                Origin.valueOf(fields.text("origin")),
                Math.toIntExact(fields.number("block_bytes")),
                Math.toIntExact(fields.number("slots")),
                Phase.valueOf(fields.text("phase")),
                fields.list("bricks").stream().map(NodeState::brick).toList());
    }

    private static KnownBrick brick(Fields fields) {
        return new KnownBrick(
                fields.text("name"),
                UUID.fromString(fields.text("uuid")),
                Path.of(fields.text("device")),
                fields.text("identity"),
                fields.number("size_bytes"));
    }

    /** A mapping whose values have the types they should have. */
    private record Fields(Map<?, ?> values) {
        Fields(Object node) {
            this(as(Map.class, node, "a mapping"));
        }

        String text(String key) {
            return as(String.class, values.get(key), "the text '" + key + "'");
        }

        long number(String key) {
            return as(Number.class, values.get(key), "the number '" + key + "'").longValue();
        }

        List<Fields> list(String key) {
            List<Fields> result = new ArrayList<>();
            for (Object item : as(List.class, values.get(key), "the list '" + key + "'")) {
                result.add(new Fields(item));
            }
            return result;
        }

        private static <T> T as(Class<T> type, @Nullable Object value, String what) {
            if (!type.isInstance(value)) {
                throw new IllegalArgumentException("it lacks " + what);
            }
            return type.cast(value);
        }
    }
}
