package io.brickcache.meta;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.env.Entropy;
import io.brickcache.env.Loop;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Queue;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A spare journal in memory, for simulations: every step takes a random time, a crash keeps or loses what is under way.
 * Loop-confined.
 */
public final class MemorySpareJournal implements SpareJournal {

    private static final long BATCH_OVERHEAD_BYTES = 16;
    /** Small, so that a replay takes several turns. */
    private static final int READ_BYTES = 2000;

    private final Loop loop;
    private final Entropy entropy;
    private final long maxLatencyNs;
    private final NavigableMap<Long, byte[]> batches;
    private final Queue<Step> steps = new ArrayDeque<>();
    private @Nullable MetadataException failure;
    private long last;
    private boolean closed;

    /** Something under way: it happens, then is answered. */
    private record Step(Runnable happen, Runnable answer) {}

    public MemorySpareJournal(Loop loop, Entropy entropy, long maxLatencyNs) {
        this(loop, entropy, maxLatencyNs, new TreeMap<>(), 0);
    }

    private MemorySpareJournal(
            Loop loop, Entropy entropy, long maxLatencyNs, NavigableMap<Long, byte[]> batches, long last) {
        this.loop = loop;
        this.entropy = entropy;
        this.maxLatencyNs = maxLatencyNs;
        this.batches = batches;
        this.last = last;
    }

    /** All appends fail from now on; null: none. */
    public void fail(@Nullable MetadataException with) {
        failure = with;
    }

    @Override
    public void scan(long after, Visitor visitor) throws MetadataException {
        last = Math.max(last, after);
        for (Map.Entry<Long, byte[]> entry : batches.tailMap(after, false).entrySet()) {
            visitor.batch(entry.getKey(), decoded(entry.getValue()));
        }
    }

    @Override
    public void append(MetadataBatch batch, MetadataStore.Callback callback) {
        MetadataException planted = failure;
        ByteBuffer encoded = batch.encoded();
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        later(
                () -> {
                    last++;
                    if (planted == null) {
                        batches.put(last, bytes);
                    }
                },
                () -> callback.committed(planted));
    }

    @Override
    public void read(long after, MetadataBatch into, Reading reading) {
        long[] upTo = new long[1];
        later(
                () -> {
                    upTo[0] = after;
                    for (Map.Entry<Long, byte[]> entry :
                            batches.tailMap(after, false).entrySet()) {
                        if (into.sizeBytes() >= READ_BYTES) {
                            return;
                        }
                        decoded(entry.getValue(), into);
                        upTo[0] = entry.getKey();
                    }
                    upTo[0] = Math.max(after, last);
                },
                () -> reading.read(upTo[0], null));
    }

    @Override
    public void remove(MetadataStore.Callback callback) {
        later(batches::clear, () -> callback.committed(null));
    }

    private void later(Runnable happen, Runnable answer) {
        steps.add(new Step(happen, answer));
        if (steps.size() == 1) {
            schedule();
        }
    }

    private void schedule() {
        loop.schedule(Long.remainderUnsigned(entropy.nextLong(), maxLatencyNs + 1), () -> {
            if (!closed) {
                Step step = steps.remove();
                step.happen.run();
                if (!steps.isEmpty()) {
                    schedule();
                }
                step.answer.run();
            }
        });
    }

    /** The power goes: what is under way has happened up to some step, and is never answered. */
    public void crash() {
        closed = true;
        long survivors = Long.remainderUnsigned(entropy.nextLong(), steps.size() + 1L);
        for (long i = 0; i < survivors; i++) {
            steps.remove().happen.run();
        }
        steps.clear();
    }

    /** A journal with what this one held when it was closed or crashed. */
    public MemorySpareJournal reopened(Loop newLoop) {
        long lastKept = batches.isEmpty() ? 0 : batches.lastKey();
        return new MemorySpareJournal(newLoop, entropy, maxLatencyNs, new TreeMap<>(batches), lastKept);
    }

    public int batches() {
        return batches.size();
    }

    @Override
    public long sizeBytes() {
        return batches.values().stream()
                .mapToLong(batch -> BATCH_OVERHEAD_BYTES + batch.length)
                .sum();
    }

    /** Ends what is under way at once; the callbacks are posted. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Step step;
            while ((step = steps.poll()) != null) {
                step.happen.run();
                loop.execute(step.answer);
            }
        }
    }

    private static MetadataBatch decoded(byte[] bytes) {
        MetadataBatch batch = new MetadataBatch();
        decoded(bytes, batch);
        return batch;
    }

    private static void decoded(byte[] bytes, MetadataBatch into) {
        try {
            into.addEncoded(ByteBuffer.wrap(bytes));
        } catch (MetadataException e) {
            throw new IllegalStateException("a batch cannot be read again", e);
        }
    }
}
