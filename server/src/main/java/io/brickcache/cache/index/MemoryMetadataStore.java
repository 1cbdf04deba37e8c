package io.brickcache.cache.index;

import io.brickcache.env.Entropy;
import io.brickcache.env.Loop;
import io.brickcache.env.Loop.Cancellable;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A metadata store in memory, for simulations: commits take a random time on the loop's clock, can be made to fail,
 * and a {@link #crash} loses a random suffix of those under way. Loop-confined.
 *
 * <p>Invariants:
 * <ol>
 *   <li>One batch is being written at a time, the oldest; the others wait in order.
 *   <li>{@code records} holds the durable batches and nothing of any other.
 *   <li>After a crash or a close no callback is called that was not posted before.
 * </ol>
 */
public final class MemoryMetadataStore implements MetadataStore {

    private static final int RECORD_OVERHEAD_BYTES = 16;

    private final Loop loop;
    private final Entropy entropy;
    private final long maxLatencyNs;
    private final Map<Family, NavigableMap<byte[], byte[]>> records;
    private final ArrayDeque<Pending> pending = new ArrayDeque<>();

    private @Nullable Cancellable timer;
    private @Nullable MetadataException failure;
    private int failuresLeft;
    private boolean closed;

    /** An empty store whose commits take up to {@code maxLatencyNs} nanoseconds each. */
    public MemoryMetadataStore(Loop loop, Entropy entropy, long maxLatencyNs) {
        this(loop, entropy, maxLatencyNs, emptyRecords());
    }

    private MemoryMetadataStore(
            Loop loop, Entropy entropy, long maxLatencyNs, Map<Family, NavigableMap<byte[], byte[]>> records) {
        this.loop = loop;
        this.entropy = entropy;
        this.maxLatencyNs = maxLatencyNs;
        this.records = records;
    }

    /** Puts in what a new cache with these bricks begins with, durably and at once; no commit is under way. */
    public void format(CacheRecord cache, List<BrickRecord> bricks) {
        records(Family.CACHE).put(CacheRecord.key(), cache.encode());
        bricks.forEach(brick -> records(Family.BRICKS).put(brick.key(), brick.encode()));
    }

    @Override
    public void scan(Family family, Visitor visitor) throws MetadataException {
        for (Map.Entry<byte[], byte[]> entry : records(family).entrySet()) {
            visitor.record(
                    ByteBuffer.wrap(entry.getKey()).asReadOnlyBuffer(),
                    ByteBuffer.wrap(entry.getValue()).asReadOnlyBuffer());
        }
    }

    @Override
    public void commit(MetadataBatch batch, Callback callback) {
        if (closed) {
            MetadataException refusal = new MetadataException(
                    MetadataException.Kind.IO, "The metadata store is closed; nothing can be committed any more");
            loop.execute(() -> callback.committed(refusal));
            return;
        }
        pending.add(new Pending(batch, Changes.of(batch), callback));
        if (pending.size() == 1) {
            writeNext();
        }
    }

    /** Makes the next {@code commits} commits that would become durable fail instead. Replaces what was asked before. */
    public void failNext(int commits, MetadataException failure) {
        this.failure = failure;
        this.failuresLeft = commits;
    }

    /** Batches handed over whose callback has not been called. */
    public int pendingCommits() {
        return pending.size();
    }

    /**
     * The power goes: of the batches under way a random prefix (in order, each whole) becomes durable, the rest is
     * lost, and no callback comes. Read the outcome through {@link #reopened}.
     */
    public void crash() {
        stopTimer();
        int survivors = (int) Long.remainderUnsigned(entropy.nextLong(), pending.size() + 1L);
        for (int i = 0; i < survivors; i++) {
            Pending next = pending.remove();
            if (takeFailure() == null) {
                next.changes.applyTo(records);
            }
        }
        pending.clear();
        closed = true;
    }

    /** A store with the records that this one held when it was closed or crashed; this one keeps its own copy. */
    public MemoryMetadataStore reopened(Loop newLoop) {
        if (!closed) {
            throw new IllegalStateException("reopened before close or crash");
        }
        Map<Family, NavigableMap<byte[], byte[]>> copy = emptyRecords();
        copy.forEach((family, map) -> map.putAll(records(family)));
        return new MemoryMetadataStore(newLoop, entropy, maxLatencyNs, copy);
    }

    /** A copy, for reading, of which one bit of a slot group or a journal record is turned; null if there are none. */
    public @Nullable MemoryMetadataStore damaged(Entropy choice) {
        MemoryMetadataStore copy = new MemoryMetadataStore(loop, entropy, maxLatencyNs);
        copy.records.forEach((family, map) -> map.putAll(records(family)));
        List<Map.Entry<byte[], byte[]>> sealed = new ArrayList<>();
        sealed.addAll(copy.records(Family.SLOTS).entrySet());
        sealed.addAll(copy.records(Family.JOURNAL).entrySet());
        if (sealed.isEmpty()) {
            return null;
        }
        Map.Entry<byte[], byte[]> chosen = sealed.get((int) Long.remainderUnsigned(choice.nextLong(), sealed.size()));
        byte[] value = chosen.getValue().clone();
        int bit = (int) Long.remainderUnsigned(choice.nextLong(), 8L * value.length);
        value[bit / 8] ^= (byte) (1 << bit % 8);
        chosen.setValue(value);
        return copy;
    }

    @Override
    public long sizeBytes() {
        long bytes = 0;
        for (NavigableMap<byte[], byte[]> map : records.values()) {
            for (Map.Entry<byte[], byte[]> entry : map.entrySet()) {
                bytes += RECORD_OVERHEAD_BYTES + entry.getKey().length + entry.getValue().length;
            }
        }
        return bytes;
    }

    /** Ends the commits under way at once, in order; their callbacks are posted to the loop. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        stopTimer();
        while (!pending.isEmpty()) {
            Pending next = pending.remove();
            MetadataException outcome = conclude(next);
            loop.execute(() -> next.callback.committed(outcome));
        }
    }

    private void writeNext() {
        long latencyNs = Long.remainderUnsigned(entropy.nextLong(), maxLatencyNs + 1);
        timer = loop.schedule(latencyNs, this::written);
    }

    private void written() {
        timer = null;
        if (closed) {
            return;
        }
        Pending done = pending.remove();
        MetadataException outcome = conclude(done);
        if (!pending.isEmpty()) {
            writeNext();
        }
        done.callback.committed(outcome);
    }

    private @Nullable MetadataException conclude(Pending done) {
        if (done.batch.sizeBytes() != done.changes.batchBytes) {
            throw new IllegalStateException("A batch was changed while the store owned it: " + done.changes.batchBytes
                    + " bytes at commit, " + done.batch.sizeBytes() + " now");
        }
        MetadataException outcome = takeFailure();
        if (outcome == null) {
            done.changes.applyTo(records);
        }
        return outcome;
    }

    private @Nullable MetadataException takeFailure() {
        if (failuresLeft == 0) {
            return null;
        }
        failuresLeft--;
        return failure;
    }

    private void stopTimer() {
        Cancellable running = timer;
        if (running != null) {
            running.cancel();
            timer = null;
        }
    }

    private NavigableMap<byte[], byte[]> records(Family family) {
        return family(records, family);
    }

    private static NavigableMap<byte[], byte[]> family(
            Map<Family, NavigableMap<byte[], byte[]>> records, Family family) {
        NavigableMap<byte[], byte[]> map = records.get(family);
        if (map == null) {
            throw new IllegalStateException("no family " + family);
        }
        return map;
    }

    private static Map<Family, NavigableMap<byte[], byte[]>> emptyRecords() {
        Map<Family, NavigableMap<byte[], byte[]>> records = new EnumMap<>(Family.class);
        for (Family family : Family.values()) {
            records.put(family, new TreeMap<>(Arrays::compareUnsigned));
        }
        return records;
    }

    private record Pending(MetadataBatch batch, Changes changes, Callback callback) {}

    /** A copy of the entries of a batch: what becomes durable is what was handed over. */
    private static final class Changes implements MetadataBatch.Reader<RuntimeException> {

        private final int batchBytes;
        private final List<Change> changes = new ArrayList<>();

        private Changes(int batchBytes) {
            this.batchBytes = batchBytes;
        }

        static Changes of(MetadataBatch batch) {
            Changes changes = new Changes(batch.sizeBytes());
            batch.read(changes);
            return changes;
        }

        void applyTo(Map<Family, NavigableMap<byte[], byte[]>> records) {
            for (Change change : changes) {
                change.applyTo(records);
            }
        }

        @Override
        public void put(Family family, ByteBuffer key, ByteBuffer value) {
            byte[] keyBytes = bytes(key);
            byte[] valueBytes = bytes(value);
            changes.add(records -> family(records, family).put(keyBytes, valueBytes));
        }

        @Override
        public void delete(Family family, ByteBuffer key) {
            byte[] keyBytes = bytes(key);
            changes.add(records -> family(records, family).remove(keyBytes));
        }

        @Override
        public void deleteRange(Family family, ByteBuffer from, ByteBuffer to) {
            byte[] first = bytes(from);
            byte[] end = bytes(to);
            if (Arrays.compareUnsigned(first, end) < 0) {
                changes.add(records ->
                        family(records, family).subMap(first, true, end, false).clear());
            }
        }

        private static byte[] bytes(ByteBuffer buffer) {
            byte[] copy = new byte[buffer.remaining()];
            buffer.get(buffer.position(), copy);
            return copy;
        }
    }

    @FunctionalInterface
    private interface Change {
        void applyTo(Map<Family, NavigableMap<byte[], byte[]>> records);
    }
}
