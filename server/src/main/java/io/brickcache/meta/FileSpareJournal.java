package io.brickcache.meta;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.env.Loop;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The spare journal of a cache in a file outside its SSD, written by a thread of its own. */
public final class FileSpareJournal implements SpareJournal {

    private static final Logger LOG = LoggerFactory.getLogger(FileSpareJournal.class);

    private static final int READ_BYTES = 4 << 20;

    private final Path path;
    private final Loop loop;
    private final SpareFile file;
    private final MetadataThread thread;
    /** No batch up to this number is asked for any more. On the thread only. */
    private long doneUpTo;

    private volatile long sizeBytes;

    private FileSpareJournal(Path path, UUID cache, long compactBytes, Loop loop) {
        this.path = path;
        this.loop = loop;
        this.file = new SpareFile(path, cache, compactBytes);
        this.thread = new MetadataThread("spare-" + path.getFileName(), this::closeFile);
    }

    /** Where the spare journal of a cache lies. */
    public static Path path(Path stateDirectory, UUID cache) {
        return stateDirectory.resolve("spare").resolve(cache + ".journal");
    }

    /**
     * Opens the journal; there need not be a file. Blocks.
     *
     * @param loop where the callbacks are called
     * @throws MetadataException CORRUPT or MISMATCH if the file is damaged or another cache's
     */
    public static FileSpareJournal open(Path path, UUID cache, Loop loop) throws MetadataException {
        return open(path, cache, SpareFile.COMPACT_BYTES, loop);
    }

    static FileSpareJournal open(Path path, UUID cache, long compactBytes, Loop loop) throws MetadataException {
        FileSpareJournal journal = new FileSpareJournal(path, cache, compactBytes, loop);
        try {
            journal.thread.call(() -> {
                journal.file.open();
                journal.sizeBytes = journal.file.sizeBytes();
                return null;
            });
        } catch (MetadataException e) {
            journal.close();
            throw e;
        }
        return journal;
    }

    @Override
    public void scan(long after, Visitor visitor) throws MetadataException {
        thread.call(() -> {
            doneUpTo = after;
            file.numberFrom(after);
            file.scan(after, visitor);
            return null;
        });
    }

    @Override
    public void append(MetadataBatch batch, MetadataStore.Callback callback) {
        run(() -> file.append(batch), callback);
        offer(this::compactIfWanted);
    }

    private void compactIfWanted() {
        if (file.wantsCompaction()) {
            file.compact(doneUpTo);
            sizeBytes = file.sizeBytes();
        }
    }

    @Override
    public void read(long after, MetadataBatch into, Reading reading) {
        long[] upTo = {after};
        run(
                () -> {
                    doneUpTo = after;
                    upTo[0] = file.read(after, into, READ_BYTES);
                },
                failure -> reading.read(upTo[0], failure));
    }

    @Override
    public void remove(MetadataStore.Callback callback) {
        run(file::remove, callback);
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void close() {
        thread.close();
    }

    private void closeFile() {
        try {
            file.close();
        } catch (MetadataException e) {
            LOG.warn("{}", e.getMessage());
        }
    }

    @FunctionalInterface
    private interface Work {
        void run() throws MetadataException;
    }

    private void run(Work work, MetadataStore.Callback callback) {
        boolean taken = offer(() -> {
            MetadataException failure = null;
            try {
                work.run();
            } catch (MetadataException e) {
                failure = e;
            } catch (RuntimeException e) {
                failure = new MetadataException(Kind.IO, "The spare journal " + path + " failed: " + e, e);
            }
            sizeBytes = file.sizeBytes();
            post(callback, failure);
        });
        if (!taken) {
            post(callback, new MetadataException(Kind.IO, "The spare journal " + path + " is closed or overloaded"));
        }
    }

    private boolean offer(Runnable task) {
        return thread.offer(task);
    }

    private void post(MetadataStore.Callback callback, @Nullable MetadataException failure) {
        loop.execute(() -> callback.committed(failure));
    }
}
