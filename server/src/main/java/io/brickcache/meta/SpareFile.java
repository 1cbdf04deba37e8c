package io.brickcache.meta;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.env.Directories;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of a spare journal ({@link SpareRecord} says what is in it). There is none until the first batch.
 *
 * <p>Invariants:
 * <ol>
 *   <li>A batch is appended behind the last whole one and synced before the next, so a crash can leave only the last one
 *       incomplete; it was never answered and is passed over. A damaged record with a whole one behind it is corruption.
 *   <li>A batch whose write or sync failed is cut off, and what cannot be cut off is written over by the next one.
 *   <li>Numbers increase. What replaces the batches when the file has grown ({@link #compact}) has higher ones.
 * </ol>
 *
 * Confined to one thread. All methods block.
 */
final class SpareFile implements AutoCloseable {

    /** A file that has grown to so much more than what it says is written anew. */
    static final long COMPACT_BYTES = 16L << 20;

    private static final Logger LOG = LoggerFactory.getLogger(SpareFile.class);

    private static final int PIECE_BYTES = 1 << 20;

    private final Path file;
    private final UUID cache;
    private final long compactBytes;
    private @Nullable FileChannel channel;
    private long end;
    private long lastNumber;
    private long compactAt;
    /** The name may lead to an older file after a power cut. */
    private boolean nameUnsynced;

    /** {@code compactBytes}: growth after which the file is written anew. */
    SpareFile(Path file, UUID cache, long compactBytes) {
        this.file = file;
        this.cache = cache;
        this.compactBytes = compactBytes;
        this.compactAt = compactBytes;
    }

    /** Opens the file if there is one, and finds its end. */
    void open() throws MetadataException {
        try {
            Files.deleteIfExists(temporary());
            FileChannel opened = openIfThere();
            channel = opened;
            if (opened != null) {
                SpareRecord.checkHeader(new SpareReader(opened).header(), cache, file);
                end = SpareRecord.HEADER_BYTES;
                end = walk(opened, opened.size(), 0, (number, batch) -> lastNumber = number);
                checkTail(opened);
                compactAt = end + compactBytes;
            }
        } catch (IOException e) {
            throw failed("read", e);
        }
    }

    private @Nullable FileChannel openIfThere() throws IOException {
        try {
            return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** Numbers to come are higher. */
    void numberFrom(long used) {
        lastNumber = Math.max(lastNumber, used);
    }

    /** Visits the batches with numbers above {@code after}. */
    void scan(long after, SpareJournal.Visitor visitor) throws MetadataException {
        FileChannel opened = channel;
        if (opened != null) {
            try {
                walk(opened, end, after, visitor);
            } catch (IOException e) {
                throw failed("read", e);
            }
        }
    }

    /**
     * Adds whole batches with numbers above {@code after} until there are {@code bytes}.
     *
     * @return the number of the last batch read; at the end of the file the last number used
     */
    long read(long after, MetadataBatch into, long bytes) throws MetadataException {
        FileChannel opened = channel;
        if (opened == null) {
            return Math.max(after, lastNumber);
        }
        try {
            SpareReader reader = new SpareReader(opened);
            long upTo = after;
            long at = SpareRecord.HEADER_BYTES;
            while (at < end && into.sizeBytes() < bytes) {
                SpareRecord record = reader.record(at, end);
                if (record == null) {
                    throw damaged(at);
                }
                if (record.number() > after) {
                    add(record, at, into);
                    upTo = record.number();
                }
                at += record.totalBytes();
            }
            return at < end ? upTo : Math.max(after, lastNumber);
        } catch (IOException e) {
            throw failed("read", e);
        }
    }

    /** Makes the batch durable. */
    void append(MetadataBatch batch) throws MetadataException {
        try {
            FileChannel opened = channel;
            if (opened == null) {
                opened = create(file);
                channel = opened;
                end = SpareRecord.HEADER_BYTES;
            }
            appendTo(opened, batch);
        } catch (IOException e) {
            throw failed("written", e);
        }
    }

    private void appendTo(FileChannel opened, MetadataBatch batch) throws IOException {
        // A number is used up even by a failure: what cannot be cut off must not be taken for a later batch.
        lastNumber++;
        try {
            if (nameUnsynced) {
                Directories.sync(directory());
                nameUnsynced = false;
            }
            if (opened.size() > end) {
                opened.truncate(end);
            }
            long behind = write(opened, end, lastNumber, batch);
            opened.force(false);
            end = behind;
        } catch (IOException e) {
            cut(opened);
            throw e;
        }
    }

    private void cut(FileChannel opened) {
        try {
            opened.truncate(end);
            opened.force(false);
        } catch (IOException e) {
            LOG.warn("{}: what could not be written whole cannot be cut off either: {}", file, e.toString());
        }
    }

    private static long write(FileChannel opened, long at, long number, MetadataBatch batch) throws IOException {
        ByteBuffer body = batch.encoded();
        long behind = writeFully(opened, at, SpareRecord.head(number, body));
        return writeFully(opened, behind, body);
    }

    private static long writeFully(FileChannel opened, long at, ByteBuffer bytes) throws IOException {
        long position = at;
        while (bytes.hasRemaining()) {
            position += opened.write(bytes, position);
        }
        return position;
    }

    /** A new file with nothing but its header, durable under its name. */
    private FileChannel create(Path target) throws IOException {
        Files.createDirectories(directory());
        FileChannel made = begin(temporary());
        try {
            made.force(true);
            Files.move(temporary(), target, StandardCopyOption.ATOMIC_MOVE);
            Directories.sync(directory());
            Directories.sync(directory().resolve("..").normalize());
            return made;
        } catch (IOException e) {
            made.close();
            throw e;
        }
    }

    private FileChannel begin(Path path) throws IOException {
        FileChannel made = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        try {
            writeFully(made, 0, SpareRecord.header(cache));
            return made;
        } catch (IOException e) {
            made.close();
            throw e;
        }
    }

    boolean wantsCompaction() {
        return end >= compactAt;
    }

    /**
     * Replaces the batches with numbers above {@code after} by what they come to: the last value of each key. The old
     * file stays until the new one is durable.
     */
    void compact(long after) {
        long before = end;
        try {
            rewrite(after);
            LOG.info("{}: written anew, {} bytes became {}", file, before, end);
        } catch (IOException | MetadataException e) {
            LOG.warn("{}: cannot be written anew, it goes on growing: {}", file, e.toString());
        }
        compactAt = end + Math.max(compactBytes, end);
    }

    private void rewrite(long after) throws IOException, MetadataException {
        FileChannel made = begin(temporary());
        try {
            Pieces pieces = new Pieces(made);
            for (Family family : Family.values()) {
                Overlay overlay = new Overlay(family);
                scan(after, (number, batch) -> overlay.add(batch));
                overlay.write(pieces);
            }
            pieces.flush();
            made.force(true);
            Files.move(temporary(), file, StandardCopyOption.ATOMIC_MOVE);
            FileChannel old = channel;
            channel = made;
            end = pieces.at;
            lastNumber = pieces.number;
            nameUnsynced = true;
            if (old != null) {
                old.close();
            }
        } catch (IOException | MetadataException e) {
            made.close();
            Files.deleteIfExists(temporary());
            throw e;
        }
        Directories.sync(directory());
        nameUnsynced = false;
    }

    /** Collects entries into batches of a bounded size and writes them. */
    private final class Pieces implements Overlay.Sink {
        private final FileChannel made;
        private final MetadataBatch piece = new MetadataBatch();
        private long at = SpareRecord.HEADER_BYTES;
        private long number = lastNumber;

        Pieces(FileChannel made) {
            this.made = made;
        }

        @Override
        public MetadataBatch next() throws MetadataException {
            if (piece.sizeBytes() >= PIECE_BYTES) {
                flush();
            }
            return piece;
        }

        void flush() throws MetadataException {
            if (!piece.isEmpty()) {
                try {
                    at = write(made, at, ++number, piece);
                } catch (IOException e) {
                    throw failed("written anew", e);
                }
                piece.clear();
            }
        }
    }

    /** Deletes the file, durably. */
    void remove() throws MetadataException {
        try {
            close();
            if (Files.deleteIfExists(file)) {
                Directories.sync(directory());
            }
        } catch (IOException e) {
            throw failed("removed", e);
        }
    }

    long sizeBytes() {
        return channel == null ? 0 : end;
    }

    @Override
    public void close() throws MetadataException {
        FileChannel opened = channel;
        channel = null;
        if (opened != null) {
            try {
                opened.close();
            } catch (IOException e) {
                throw failed("closed", e);
            }
        }
    }

    // ---- reading

    /** Walks the records up to the first that is not whole; where that is. */
    private long walk(FileChannel opened, long limit, long after, SpareJournal.Visitor visitor)
            throws IOException, MetadataException {
        SpareReader reader = new SpareReader(opened);
        MetadataBatch batch = new MetadataBatch();
        long at = SpareRecord.HEADER_BYTES;
        long number = 0;
        while (at < limit) {
            SpareRecord record = reader.record(at, limit);
            if (record == null || record.number() <= number) {
                return at;
            }
            number = record.number();
            if (number > after) {
                batch.clear();
                add(record, at, batch);
                visitor.batch(number, batch);
            }
            at += record.totalBytes();
        }
        return at;
    }

    private void add(SpareRecord record, long at, MetadataBatch batch) throws MetadataException {
        try {
            if (record.number() > SpareRecord.MAX_NUMBER) {
                throw new MetadataException(Kind.CORRUPT, "a batch has number " + record.number());
            }
            batch.addEncoded(record.body());
        } catch (MetadataException e) {
            throw new MetadataException(
                    e.kind(),
                    "The spare journal " + file + " holds no batch at byte " + at + ": " + e.getMessage()
                            + ". Keep the file; the program that wrote it had a bug, or it is no journal of brickcache",
                    e);
        }
    }

    /** What lies behind the last whole record may be one that was never completed, and nothing else. */
    private void checkTail(FileChannel opened) throws IOException, MetadataException {
        long size = opened.size();
        if (size == end) {
            return;
        }
        if (new SpareReader(opened).findAbove(lastNumber, end, size)) {
            throw damaged(end);
        }
        LOG.warn(
                "{}: {} bytes at its end were never completed, and never answered; they are passed over",
                file,
                size - end);
    }

    private Path directory() {
        Path parent = file.toAbsolutePath().normalize().getParent();
        if (parent == null) {
            throw new IllegalStateException(file + " is no file");
        }
        return parent;
    }

    private Path temporary() {
        return file.resolveSibling(file.getFileName() + ".new");
    }

    private MetadataException damaged(long at) {
        return new MetadataException(
                Kind.CORRUPT,
                "The spare journal " + file + " is damaged at byte " + at + " with whole batches behind: metadata of"
                        + " cache " + cache + " that was answered is lost. Keep the file; check the disk it lies on");
    }

    private MetadataException failed(String action, IOException e) {
        return RocksErrors.of("The spare journal " + file, action, e);
    }
}
