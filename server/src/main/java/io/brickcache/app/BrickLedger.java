package io.brickcache.app;

import io.brickcache.env.Directories;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder {@value #FOLDER} of the state directory: a {@link LedgerRecord} for each brick, in a file of its own that is
 * overwritten in place, so that it needs no room and a full state directory never keeps it from being written. Thread-safe;
 * blocks.
 */
final class BrickLedger {

    static final String FOLDER = "bricks";

    private static final Logger LOG = LoggerFactory.getLogger(BrickLedger.class);

    private final Path folder;
    private final Map<UUID, Entry> entries = new ConcurrentHashMap<>();

    /** One brick; its monitor guards the file and the copy. */
    private static final class Entry {
        private @Nullable LedgerRecord record;
    }

    BrickLedger(Path stateDirectory) {
        this.folder = stateDirectory.resolve(FOLDER);
    }

    Path file(UUID brick) {
        return folder.resolve(brick.toString());
    }

    /** What is recorded; {@link LedgerRecord#unknown} if nothing is, or nothing that can be read. */
    LedgerRecord read(UUID brick) {
        Entry entry = entry(brick);
        synchronized (entry) {
            return known(entry, brick);
        }
    }

    /**
     * Changes what is recorded; durable when it returns.
     *
     * @throws IOException if it cannot be written; what is recorded is then the old or the new
     */
    void update(UUID brick, UnaryOperator<LedgerRecord> change) throws IOException {
        Entry entry = entry(brick);
        synchronized (entry) {
            LedgerRecord before = known(entry, brick);
            LedgerRecord after = change.apply(before);
            if (!after.equals(before)) {
                // Read again if the write fails half-way.
                entry.record = null;
                write(after);
                entry.record = after;
            }
        }
    }

    /** Forgets a brick. */
    void remove(UUID brick) throws IOException {
        Entry entry = entry(brick);
        synchronized (entry) {
            entry.record = null;
            Files.deleteIfExists(file(brick));
        }
        entries.remove(brick, entry);
    }

    private Entry entry(UUID brick) {
        return entries.computeIfAbsent(brick, id -> new Entry());
    }

    private LedgerRecord known(Entry entry, UUID brick) {
        LedgerRecord record = entry.record;
        if (record == null) {
            record = load(brick);
            entry.record = record;
        }
        return record;
    }

    private LedgerRecord load(UUID brick) {
        try (InputStream in = Files.newInputStream(file(brick))) {
            // No more than a record and one byte, however large the file is by mistake.
            return LedgerRecord.decode(brick, in.readNBytes(LedgerRecord.BYTES + 1));
        } catch (NoSuchFileException e) {
            LOG.debug("No record of brick {}", brick);
        } catch (IOException e) {
            LOG.warn(
                    "The record {} cannot be read ({}); the brick counts as one of which nothing is known",
                    file(brick),
                    Failures.message(e));
        }
        return LedgerRecord.unknown(brick);
    }

    private void write(LedgerRecord record) throws IOException {
        Path file = file(record.brick());
        boolean isNew = !Files.exists(file);
        if (isNew) {
            Files.createDirectories(folder);
        }
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(record.encode());
            while (bytes.hasRemaining()) {
                out.write(bytes, bytes.position());
            }
            out.force(isNew);
        }
        if (isNew) {
            Directories.sync(folder);
            Directories.sync(folder.resolveSibling("."));
        }
    }
}
