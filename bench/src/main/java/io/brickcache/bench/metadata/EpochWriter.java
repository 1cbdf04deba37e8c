package io.brickcache.bench.metadata;

import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.SlotJournal;
import io.brickcache.cache.index.SlotRecords;
import io.brickcache.cache.index.SlotTable;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Commits the changes of slots epoch by epoch, as the cache's committer does, and takes the times of it. */
final class EpochWriter {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final MetadataStore store;
    private final SlotTable slots;
    private final SlotJournal journal;
    private final MetadataBatch batch = new MetadataBatch();
    private final int[] changed;
    private int count;
    private long epoch;

    private long commits;
    private long changes;
    private long encodedBytes;
    private final Durations encodings = new Durations();
    private final Durations durations = new Durations();

    /** Goes on where the store is; a slot that it names and {@code slots} has not is an error. */
    EpochWriter(MetadataStore store, SlotTable slots, BlockShape shape, int maxChanges) throws MetadataException {
        this.store = store;
        this.slots = slots;
        SlotRecords records = new SlotRecords(slots, shape);
        this.journal = new SlotJournal(records, slots.slots());
        store.scan(Family.SLOTS, records::loadGroup);
        store.scan(Family.JOURNAL, (key, value) -> records.loadJournal(key, value, journal));
        this.epoch = journal.lastEpoch();
        this.changed = new int[maxChanges];
    }

    /** The slot's record is out of date; true if the epoch is full. */
    boolean change(int slot) {
        changed[count++] = slot;
        return count == changed.length;
    }

    /** Makes the epoch durable, and waits for that. */
    void commit(Consumer<MetadataBatch> more) throws MetadataException {
        long startNs = THREADS.getCurrentThreadCpuTime();
        epoch++;
        batch.clear();
        journal.encode(batch, epoch, changed, count);
        more.accept(batch);
        encodings.add(THREADS.getCurrentThreadCpuTime() - startNs);
        encodedBytes += batch.sizeBytes();
        CompletableFuture<@Nullable MetadataException> done = new CompletableFuture<>();
        long handedOverNs = System.nanoTime();
        store.commit(batch, done::complete);
        MetadataException failure = done.join();
        if (failure != null) {
            throw failure;
        }
        durations.add(System.nanoTime() - handedOverNs);
        journal.succeeded();
        for (int i = 0; i < count; i++) {
            slots.committed(changed[i]);
        }
        commits++;
        changes += count;
        count = 0;
    }

    long commits() {
        return commits;
    }

    long changes() {
        return changes;
    }

    /** Bytes of all batches. */
    long encodedBytes() {
        return encodedBytes;
    }

    /** Processor time that a commit takes of the cache's loop. */
    Durations encodings() {
        return encodings;
    }

    /** From handing a batch over until it is durable. */
    Durations durations() {
        return durations;
    }
}
