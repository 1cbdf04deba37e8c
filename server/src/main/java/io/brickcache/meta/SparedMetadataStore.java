package io.brickcache.meta;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.env.Loop;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store that does not fail as long as its spare journal takes what it cannot (docs/adr/0005-spare-journal.md). From the
 * first batch that fails, all batches go to the journal, until a probe has brought all of them into the store.
 *
 * <p>Invariants:
 * <ol>
 *   <li>The state is that of the store with the batches of the journal applied in order, whose numbers are above the one
 *       that the store has under {@link #KEY}. The store gets them in the batch that raises that number.
 *   <li>A batch goes to the store only while the journal has none that the store has not.
 *   <li>One batch is at work in the store at a time: a later one must not be there without the one that failed.
 * </ol>
 *
 * <p>Entries only set or delete whole records, so a batch that is applied twice, others after it, does no harm. A crash
 * between any two steps therefore leaves the state of the last batch answered, or of the one under way.
 *
 * <p>Opened on any thread, then confined to the loop, but for {@link #scan} and {@link #close}, which are as in the port.
 */
public final class SparedMetadataStore implements MetadataStore {

    /** How long the store is left alone after a failed probe: from the first to the longest pause. */
    public static final long MIN_PROBE_NS = 1_000_000_000L;

    public static final long MAX_PROBE_NS = 8_000_000_000L;

    /** In the CACHE family: version 4, number of the last spare batch that the store has 8. */
    private static final OwnKey KEY = new OwnKey("spare");

    private static final Logger LOG = LoggerFactory.getLogger(SparedMetadataStore.class);

    private static final int VERSION = 1;
    private static final int VALUE_BYTES = 12;

    private final MetadataStore store;
    private final SpareJournal spare;
    private final Loop loop;
    private final long minProbeNs;
    private final long maxProbeNs;
    private final CommitQueue queue = new CommitQueue();
    private final Callback onStored = this::stored;
    private final Callback onSpared = this::spared;
    private final MetadataBatch replay = new MetadataBatch();

    /** Number of the last batch of the journal that the store has. */
    private long applied;

    private @Nullable MetadataException cause;
    private @Nullable Watcher watcher;
    private boolean probing;
    /** The journal was read to its end, and nothing is appended until the store has all of it. */
    private boolean holding;

    private boolean caughtUp;
    private Loop.@Nullable Cancellable timer;
    private long pauseNs;
    private volatile boolean closed;

    private SparedMetadataStore(MetadataStore store, SpareJournal spare, Loop loop, long minProbeNs, long maxProbeNs) {
        this.store = store;
        this.spare = spare;
        this.loop = loop;
        this.minProbeNs = minProbeNs;
        this.maxProbeNs = maxProbeNs;
        this.pauseNs = minProbeNs;
    }

    /** Takes over both; they are closed with this store, also if it cannot be opened. Blocks. */
    public static SparedMetadataStore open(MetadataStore store, SpareJournal spare, Loop loop)
            throws MetadataException {
        return open(store, spare, loop, MIN_PROBE_NS, MAX_PROBE_NS);
    }

    static SparedMetadataStore open(
            MetadataStore store, SpareJournal spare, Loop loop, long minProbeNs, long maxProbeNs)
            throws MetadataException {
        SparedMetadataStore opened = new SparedMetadataStore(store, spare, loop, minProbeNs, maxProbeNs);
        try {
            opened.load();
            return opened;
        } catch (MetadataException | RuntimeException e) {
            spare.close();
            store.close();
            throw e;
        }
    }

    private void load() throws MetadataException {
        store.scan(OwnKey.FAMILY, (key, value) -> {
            if (KEY.is(key)) {
                applied = decode(value);
            }
        });
        int[] batches = {0};
        spare.scan(applied, (number, batch) -> batches[0]++);
        if (batches[0] > 0) {
            LOG.warn("{} batches of metadata lie in the spare journal and are brought into the store", batches[0]);
            cause = new MetadataException(
                    Kind.IO, "the metadata of " + batches[0] + " commits is in the spare journal");
        }
    }

    @Override
    public void scan(Family family, Visitor visitor) throws MetadataException {
        overlay(family).scan(records -> store.scan(family, records), KEY.hidden(family, visitor));
    }

    @Override
    public void scan(Family family, List<byte[]> bounds, List<Visitor> visitors) throws MetadataException {
        List<Visitor> others =
                visitors.stream().map(visitor -> KEY.hidden(family, visitor)).toList();
        overlay(family).scan(parts -> store.scan(family, bounds, parts), bounds, others);
    }

    private Overlay overlay(Family family) throws MetadataException {
        Overlay overlay = new Overlay(family);
        spare.scan(applied, (number, batch) -> overlay.add(batch));
        return overlay;
    }

    @Override
    public void watch(Watcher newWatcher) {
        watcher = newWatcher;
        MetadataException trouble = cause;
        if (trouble != null) {
            newWatcher.sparing(trouble);
            probe();
        }
    }

    @Override
    public void commit(MetadataBatch batch, Callback callback) {
        if (closed) {
            MetadataException refusal =
                    new MetadataException(Kind.IO, "The metadata store is closed; nothing can be committed any more");
            loop.execute(() -> callback.committed(refusal));
            return;
        }
        queue.add(batch, callback);
        next();
    }

    private void next() {
        if (queue.isBusy() || queue.first() == null || holding || closed) {
            return;
        }
        if (cause == null) {
            store.commit(queue.begin(), onStored);
        } else {
            spare.append(queue.begin(), onSpared);
        }
    }

    private void stored(@Nullable MetadataException failure) {
        if (failure == null || closed) {
            answer(failure);
        } else {
            begin(failure);
            spare.append(queue.current(), onSpared);
        }
    }

    private void begin(MetadataException failure) {
        LOG.error(
                "Metadata goes to the spare journal, nothing is lost: {}. This is tried again every few seconds",
                failure.getMessage());
        cause = failure;
        pauseNs = minProbeNs;
        startTimer();
        if (watcher != null) {
            watcher.sparing(failure);
        }
    }

    private void spared(@Nullable MetadataException failure) {
        MetadataException outcome = null;
        if (failure != null) {
            MetadataException first = cause == null ? failure : cause;
            outcome = new MetadataException(
                    failure.kind(), first.getMessage() + "; and " + failure.getMessage(), failure);
            outcome.addSuppressed(first);
        }
        answer(outcome);
        if (failure != null) {
            // Neither takes anything: do not wait to see which does first.
            probe();
        }
    }

    private void answer(@Nullable MetadataException outcome) {
        if (caughtUp && !closed) {
            hold();
        }
        queue.answer(outcome);
        next();
    }

    // ---- back to the store

    private void startTimer() {
        if (timer == null && !closed) {
            timer = loop.schedule(pauseNs, () -> {
                timer = null;
                probe();
            });
            pauseNs = Math.min(2 * pauseNs, maxProbeNs);
        }
    }

    private void probe() {
        if (!probing && cause != null && !closed) {
            if (timer != null) {
                timer.cancel();
                timer = null;
            }
            probing = true;
            caughtUp = false;
            read();
        }
    }

    private void read() {
        replay.clear();
        spare.read(applied, replay, this::readDone);
    }

    private void readDone(long upTo, @Nullable MetadataException failure) {
        if (closed) {
            return;
        }
        if (failure != null) {
            LOG.warn("{}", failure.getMessage());
            probeFailed();
            return;
        }
        boolean all = replay.isEmpty();
        replay.put(OwnKey.FAMILY, KEY.bytes(), encode(upTo));
        store.commit(replay, outcome -> replayed(upTo, all, outcome));
    }

    private void replayed(long upTo, boolean all, @Nullable MetadataException failure) {
        if (closed) {
            return;
        }
        if (failure != null) {
            cause = failure;
            probeFailed();
            return;
        }
        applied = upTo;
        if (!all) {
            read();
        } else if (holding) {
            spare.remove(this::removed);
        } else if (!queue.isBusy()) {
            hold();
        } else {
            // A batch is being appended: the last look comes behind it.
            caughtUp = true;
        }
    }

    private void hold() {
        caughtUp = false;
        holding = true;
        read();
    }

    private void probeFailed() {
        probing = false;
        caughtUp = false;
        holding = false;
        startTimer();
        next();
    }

    private void removed(@Nullable MetadataException failure) {
        if (closed) {
            return;
        }
        if (failure != null) {
            // Harmless: the store has its number, so its batches are never looked at again.
            LOG.warn("{}", failure.getMessage());
        }
        LOG.info("The metadata store works again and has everything that went to the spare journal");
        cause = null;
        probing = false;
        holding = false;
        if (watcher != null) {
            watcher.recovered();
        }
        next();
    }

    // ---- the rest

    @Override
    public long sizeBytes() {
        return store.sizeBytes() + spare.sizeBytes();
    }

    /** What waits is handed over first. Nobody commits any more when this is called; a probe under way is dropped. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        MetadataBatch first;
        while ((first = queue.first()) != null) {
            if (cause == null) {
                store.commit(first, queue.remove());
            } else {
                spare.append(first, queue.remove());
            }
        }
        store.close();
        spare.close();
    }

    private static byte[] encode(long number) {
        return ByteBuffer.allocate(VALUE_BYTES).putInt(VERSION).putLong(number).array();
    }

    private static long decode(ByteBuffer value) throws MetadataException {
        if (value.remaining() != VALUE_BYTES || value.getInt(value.position()) != VERSION) {
            throw new MetadataException(
                    Kind.MISMATCH,
                    "the metadata has a spare record of " + value.remaining()
                            + " bytes that this program does not know."
                            + " Use the version of brickcached that wrote it");
        }
        long number = value.getLong(value.position() + Integer.BYTES);
        if (number < 0 || number > SpareRecord.MAX_NUMBER) {
            throw new MetadataException(
                    Kind.CORRUPT, "the metadata says that it has the spare batches up to number " + number);
        }
        return number;
    }
}
