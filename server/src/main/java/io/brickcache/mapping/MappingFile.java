package io.brickcache.mapping;

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
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file {@value #NAME} in the state directory: which devices the kernel has of us, so that a service that starts again
 * gives them new connections. A line for the format, one for the boot of the machine, then one for each device: number,
 * connections, brick. Its time of modification is when the service was last seen to serve them. Replaced as a whole; one
 * thread at a time.
 */
public final class MappingFile {

    private static final Logger LOG = LoggerFactory.getLogger(MappingFile.class);

    static final String NAME = "mappings";

    /** A line for each of 10,000 devices, with the longest of names. */
    static final int MAX_FILE_BYTES = 1 << 20;

    private static final String FORMAT = "brickcache mappings 1";
    private static final Pattern ENTRY = Pattern.compile("([0-9]{1,4}) ([0-9]{1,2}) ([A-Za-z0-9][A-Za-z0-9._-]{0,62})");

    private final Path directory;

    public MappingFile(Path directory) {
        this.directory = directory;
    }

    /** A device that the kernel has of us. */
    public record Entry(String brick, int index, int connections) {}

    /**
     * The devices of this boot. A file that cannot be understood counts as none: no data hangs on it, and where the kernel
     * names backends the devices are found without it.
     */
    public List<Entry> load(String bootId) {
        List<String> lines;
        try {
            byte[] bytes = FileFailures.readSmall(file(), MAX_FILE_BYTES);
            lines = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString()
                    .lines()
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (CharacterCodingException e) {
            lines = List.of();
        } catch (IOException e) {
            LOG.warn("{} cannot be read ({}); devices that the kernel has of us may be missed", file(), e.toString());
            return List.of();
        }
        if (lines.size() < 2 || !lines.get(0).equals(FORMAT)) {
            LOG.warn("{} cannot be understood; devices that the kernel has of us may be missed", file());
            return List.of();
        }
        return lines.get(1).equals(bootId) ? entries(lines.subList(2, lines.size())) : List.of();
    }

    private List<Entry> entries(List<String> lines) {
        List<Entry> entries = new ArrayList<>();
        int unknown = 0;
        for (String line : lines) {
            Matcher fields = ENTRY.matcher(line);
            int connections = fields.matches() ? Integer.parseInt(fields.group(2)) : 0;
            if (MapOptions.allows(connections)) {
                entries.add(new Entry(fields.group(3), Integer.parseInt(fields.group(1)), connections));
            } else {
                unknown++;
            }
        }
        if (unknown > 0) {
            LOG.warn(
                    "{}: {} of {} lines cannot be understood; devices that the kernel has of us may be missed",
                    file(),
                    unknown,
                    lines.size());
        }
        return entries;
    }

    /** Replaces the file; durable when it returns. */
    public void save(String bootId, List<Entry> entries) throws IOException {
        StringBuilder text =
                new StringBuilder(FORMAT).append('\n').append(bootId).append('\n');
        entries.forEach(entry -> text.append(entry.index())
                .append(' ')
                .append(entry.connections())
                .append(' ')
                .append(entry.brick())
                .append('\n'));
        Path temporary = directory.resolve(NAME + ".new");
        try (FileChannel out = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        }
        Files.move(temporary, file(), StandardCopyOption.ATOMIC_MOVE);
    }

    /** When the service was last seen to serve, in milliseconds since the epoch; -1 if nobody knows. */
    public long lastSeenMs() {
        try {
            return Files.getLastModifiedTime(file()).toMillis();
        } catch (IOException e) {
            return -1;
        }
    }

    /** The service serves its devices at this moment. */
    public void seen(long epochMs) {
        try {
            Files.setLastModifiedTime(file(), FileTime.fromMillis(epochMs));
        } catch (IOException e) {
            LOG.debug("{}: its time cannot be set: {}", file(), e.toString());
        }
    }

    private Path file() {
        return directory.resolve(NAME);
    }
}
