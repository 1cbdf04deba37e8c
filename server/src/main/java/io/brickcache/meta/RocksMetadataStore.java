package io.brickcache.meta;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.env.Cores;
import io.brickcache.env.Directories;
import io.brickcache.env.Loop;
import io.brickcache.meta.RocksDatabase.Opening;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata of one cache in a RocksDB of its own. All work is done on one thread, the callbacks are posted to the
 * cache's loop. RocksDB's own LOG stays in the directory.
 *
 * <p>Invariants:
 * <ol>
 *   <li>RocksDB is touched on the metadata thread only, and by the threads of a scan in parts while that one waits for them.
 *   <li>A batch is written with {@code sync}; success is reported after that, in the order of hand-over.
 *   <li>A failed batch is out of the log before its failure is reported. RocksDB is read-only after a failed write and
 *       has no resume in Java, so the database is closed, the log cut back to the {@link WalTail}, and the database
 *       opened again for the next commit or scan. Where even the cut fails, nothing more is written until it succeeds;
 *       should the process end before, the batch may be found at the next start, whole.
 *   <li>On a full directory the {@link Ballast} is given up and the batch tried once more.
 *   <li>A directory that is full or read-only when the store is opened can be read; commits fail until it can be written.
 * </ol>
 */
public final class RocksMetadataStore implements MetadataStore {

    private static final Logger LOG = LoggerFactory.getLogger(RocksMetadataStore.class);

    private final Path directory;
    private final MetaOptions options;
    private final Loop loop;
    private final MetadataThread thread;
    private final WalTail tail;
    private final Ballast ballast;

    private @Nullable RocksDatabase database;
    /** In its place while there is no room to open it. */
    private @Nullable RocksDatabase readOnly;

    private boolean uncut;
    /** The last commit failed: the next failures are no news. */
    private boolean failing;

    private volatile long sizeBytes;

    private RocksMetadataStore(Path directory, MetaOptions options, Loop loop) {
        this.directory = directory;
        this.options = options;
        this.loop = loop;
        this.thread = new MetadataThread("meta-" + directory, this::closeDatabase);
        this.tail = new WalTail(directory);
        this.ballast = new Ballast(directory, options.ballastBytes());
    }

    /**
     * Makes an empty store. The directory must not exist or be empty. Blocks.
     *
     * @param loop where the callbacks of commits are called
     */
    public static RocksMetadataStore create(Path directory, MetaOptions options, Loop loop) throws MetadataException {
        try {
            Files.createDirectories(directory);
            if (!Directories.isEmpty(directory)) {
                throw new MetadataException(
                        Kind.MISMATCH,
                        "The directory " + directory + " is not empty; a cache is created in a new or an empty"
                                + " directory only");
            }
        } catch (IOException e) {
            throw RocksErrors.of(directory, "created", e);
        }
        return open(directory, options, loop, Opening.CREATE);
    }

    /**
     * Opens the store that the directory holds. Blocks.
     *
     * @param loop where the callbacks of commits are called
     */
    public static RocksMetadataStore openExisting(Path directory, MetaOptions options, Loop loop)
            throws MetadataException {
        if (!Files.isDirectory(directory)) {
            throw new MetadataException(
                    Kind.IO, "the metadata directory " + directory + " does not exist, its SSD may not be mounted");
        }
        if (!Files.exists(directory.resolve("CURRENT"))) {
            throw absent(directory);
        }
        return open(directory, options, loop, Opening.EXISTING);
    }

    private static MetadataException absent(Path directory) {
        try {
            if (Directories.isEmpty(directory)) {
                return new MetadataException(
                        Kind.IO, "the metadata directory " + directory + " is empty, its SSD may not be mounted");
            }
        } catch (IOException e) {
            return RocksErrors.of(directory, "opened", e);
        }
        return new MetadataException(
                Kind.CORRUPT,
                "The directory " + directory + " holds files but no metadata store (no file CURRENT): it is another"
                        + " directory, a creation that was cut short, or damaged");
    }

    private static RocksMetadataStore open(Path directory, MetaOptions options, Loop loop, Opening opening)
            throws MetadataException {
        RocksMetadataStore store = new RocksMetadataStore(directory, options, loop);
        try {
            store.thread.call(() -> {
                if (opening == Opening.EXISTING) {
                    store.readable();
                } else {
                    store.openNow(opening);
                }
                store.writeBallast(opening);
                return null;
            });
        } catch (MetadataException e) {
            store.close();
            throw e;
        }
        return store;
    }

    @Override
    public void scan(Family family, Visitor visitor) throws MetadataException {
        thread.call(() -> {
            readable().scan(family, visitor);
            return null;
        });
    }

    @Override
    public void scan(Family family, List<byte[]> bounds, List<Visitor> visitors) throws MetadataException {
        thread.call(() -> {
            RocksDatabase reading = readable();
            Cores.each(visitors.size(), part -> {
                byte[] from = part == 0 ? null : bounds.get(part - 1);
                byte[] to = part == bounds.size() ? null : bounds.get(part);
                reading.scan(family, from, to, visitors.get(part));
            });
            return null;
        });
    }

    @Override
    public void commit(MetadataBatch batch, Callback callback) {
        if (!thread.offer(() -> commitNow(batch, callback))) {
            MetadataException refusal = new MetadataException(
                    Kind.IO,
                    "The metadata store in " + directory + " is closed or has " + MetadataThread.MAX_QUEUED
                            + " commits waiting");
            loop.execute(() -> callback.committed(refusal));
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void close() {
        thread.close();
    }

    private void commitNow(MetadataBatch batch, Callback callback) {
        MetadataException failure = null;
        try {
            write(batch);
        } catch (MetadataException e) {
            failure = e;
        } catch (RuntimeException e) {
            rollBack();
            failure = new MetadataException(Kind.IO, "A batch for " + directory + " could not be written: " + e, e);
        }
        MetadataException outcome = failure;
        loop.execute(() -> callback.committed(outcome));
        if (outcome == null) {
            ballast.restore();
        }
    }

    private void write(MetadataBatch batch) throws MetadataException {
        if (batch.isEmpty()) {
            return;
        }
        try {
            writeOnce(batch);
        } catch (MetadataException e) {
            if (e.kind() != Kind.NO_SPACE || !ballast.release()) {
                throw e;
            }
            writeOnce(batch);
        }
    }

    private void writeOnce(MetadataBatch batch) throws MetadataException {
        RocksDatabase current = database();
        try {
            current.write(batch);
        } catch (MetadataException e) {
            if (!failing) {
                LOG.warn("Commit failed, reopening the database: {}", e.getMessage());
            }
            rollBack();
            failing = true;
            throw e;
        }
        failing = false;
        if (tail.advance()) {
            measure(current);
        }
    }

    /** The open database, opened again if a failure closed it. */
    private RocksDatabase database() throws MetadataException {
        RocksDatabase current = database;
        if (current != null) {
            return current;
        }
        if (uncut) {
            cut();
        }
        return openNow(Opening.EXISTING);
    }

    /** A database that can be read: where there is no room to open it, one that can only be read. */
    private RocksDatabase readable() throws MetadataException {
        RocksDatabase reading = readOnly;
        if (database == null && reading != null) {
            return reading;
        }
        try {
            return database();
        } catch (MetadataException e) {
            if (uncut || !RocksErrors.isUnwritable(e)) {
                throw e;
            }
            LOG.warn("Opened to be read only: {}", e.getMessage());
            RocksDatabase opened = RocksDatabase.open(directory, options, Opening.READ_ONLY);
            readOnly = opened;
            return opened;
        }
    }

    private RocksDatabase openNow(Opening opening) throws MetadataException {
        RocksDatabase opened = RocksDatabase.open(directory, options, opening);
        database = opened;
        closeReadOnly();
        tail.locate();
        measure(opened);
        return opened;
    }

    private void rollBack() {
        closeDatabase();
        uncut = true;
        try {
            cut();
        } catch (MetadataException e) {
            if (!failing) {
                LOG.error("{}", e.getMessage());
            }
        }
    }

    private void cut() throws MetadataException {
        try {
            tail.cut();
            uncut = false;
        } catch (IOException e) {
            throw RocksErrors.of(directory, "rolled back", e);
        }
    }

    private void closeDatabase() {
        RocksDatabase current = database;
        database = null;
        if (current != null) {
            current.close();
        }
        closeReadOnly();
    }

    private void closeReadOnly() {
        RocksDatabase reading = readOnly;
        readOnly = null;
        if (reading != null) {
            reading.close();
        }
    }

    private void writeBallast(Opening opening) throws MetadataException {
        try {
            ballast.create();
        } catch (IOException e) {
            if (opening == Opening.CREATE) {
                throw RocksErrors.of(directory, "created", e);
            }
            LOG.warn("No ballast in {}, a full directory will fail commits at once: {}", directory, e.toString());
        }
    }

    private void measure(RocksDatabase current) {
        try {
            sizeBytes = current.tableBytes() + tail.sizeBytes();
        } catch (MetadataException e) {
            LOG.warn("{}", e.getMessage());
        }
    }
}
