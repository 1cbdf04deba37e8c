package io.brickcache.meta;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.env.Loop;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store whose small batches go to a {@link CommitLog} first, which makes them durable with one write, and from there to the
 * store below, many together (docs/adr/0009-commit-log.md). What does not fit, and everything while the log or the store
 * below is in trouble, is written through: together with what only the log has, into the store below.
 *
 * <p>Invariants:
 * <ol>
 *   <li>The state is that of the store below; if it says under {@link #KEY} that the log counts, with the batches of the log
 *       applied in order whose numbers are above the one that it says there.
 *   <li>{@code logged} has the entries of just those batches, but for those of {@code atWork}.
 *   <li>One batch is at work below at a time: a later one must not be there without the one that failed.
 *   <li>A place in the log is given up when the store below has what lies there, durably.
 *   <li>A batch that is written through has a number, too. So a copy of the store below that was put back, and lacks it, does not
 *       get the later batches of the log laid over it: the log lacks one, too.
 *   <li>Nothing is appended to what a process before left in the log, since the end of that may be whole and not yet durable:
 *       the first batch is written through.
 * </ol>
 *
 * <p>Entries only set or delete whole records, so a batch that is applied twice, others after it, does no harm.
 *
 * <p>Opened on any thread, then confined to the loop, but for {@link #scan} and {@link #close}, which are as in the port.
 */
public final class LoggedMetadataStore implements MetadataStore {

    /** How long the log is left alone after trouble. */
    static final long PAUSE_NS = 10_000_000_000L;

    /** In the CACHE family: version 4, number of the last batch of the log that the store has 8, whether later ones count 1. */
    private static final OwnKey KEY = new OwnKey("log");

    private static final Logger LOG = LoggerFactory.getLogger(LoggedMetadataStore.class);

    private static final int VERSION = 1;
    private static final int VALUE_BYTES = 13;

    private final MetadataStore store;
    private final CommitLog log;
    private final Loop loop;
    private final CommitQueue queue = new CommitQueue();
    private final Consumer<IoStatus> onAppended = this::appended;

    /** What the log has and the store has not, but for what is at work there. */
    private MetadataBatch logged = new MetadataBatch();

    private MetadataBatch moved = new MetadataBatch();
    /** What the store has been given; older than {@code logged}. */
    private @Nullable MetadataBatch atWork;

    /** Held while the log is written. */
    private final Semaphore logIdle = new Semaphore(1);
    /** Small batches go to the log. If not, the next one that is written through may change that. */
    private boolean isLogging;
    /** When it may. */
    private long retryNs;

    private volatile boolean closed;

    private LoggedMetadataStore(MetadataStore store, CommitLog log, Loop loop) {
        this.store = store;
        this.log = log;
        this.loop = loop;
        this.retryNs = loop.clock().nanoTime();
    }

    /**
     * Takes over both; the store is closed with this one, also if it cannot be opened. Blocks.
     *
     * @throws MetadataException as {@link #scan} of the store; CORRUPT if the log lacks a batch
     */
    public static LoggedMetadataStore open(MetadataStore store, CommitLog log, Loop loop) throws MetadataException {
        LoggedMetadataStore opened = new LoggedMetadataStore(store, log, loop);
        try {
            opened.load();
            return opened;
        } catch (MetadataException | RuntimeException e) {
            store.close();
            throw e;
        }
    }

    private void load() throws MetadataException {
        LogState[] state = {new LogState(0, false)};
        store.scan(OwnKey.FAMILY, (key, value) -> {
            if (KEY.is(key)) {
                state[0] = decode(value);
            }
        });
        if (state[0].counts) {
            for (LogRecord record : log.recover(state[0].number)) {
                logged.addEncoded(record.body());
            }
        } else {
            log.begin(state[0].number);
        }
    }

    @Override
    public void watch(Watcher watcher) {
        store.watch(watcher);
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

    private Overlay overlay(Family family) {
        Overlay overlay = new Overlay(family);
        if (atWork != null) {
            overlay.add(atWork);
        }
        overlay.add(logged);
        return overlay;
    }

    @Override
    public void commit(MetadataBatch batch, Callback callback) {
        if (closed) {
            refuse(callback);
            return;
        }
        queue.add(batch, callback);
        next();
    }

    private void next() {
        MetadataBatch first = queue.first();
        if (queue.isBusy() || first == null) {
            return;
        }
        boolean fits = isLogging && log.takes(first);
        if (fits && log.hasRoomFor(first)) {
            append(queue.begin());
        } else if (atWork != null) {
            // When that is done, there may be room.
            return;
        } else if (fits) {
            move(true, failure -> next());
        } else {
            writeThrough(queue.begin());
        }
    }

    private void answer(@Nullable MetadataException outcome) {
        queue.answer(outcome);
        next();
    }

    // ---- the log

    private void append(MetadataBatch batch) {
        logIdle.acquireUninterruptibly();
        log.append(batch, onAppended);
    }

    private void appended(IoStatus status) {
        logIdle.release();
        if (closed) {
            return;
        }
        if (status.isOk()) {
            logged.add(queue.current());
            if (log.isHalfFull() && atWork == null) {
                move(true, failure -> next());
            }
            answer(null);
        } else {
            LOG.warn("The commit log cannot be written ({}); commits take the longer way for a while", status);
            leaveLog();
            queue.putBack();
            next();
        }
    }

    private void leaveLog() {
        isLogging = false;
        retryNs = loop.clock().nanoTime() + PAUSE_NS;
    }

    // ---- into the store, where nothing is at work

    /** Brings what the log has into the store. */
    private void move(boolean counts, Callback callback) {
        MetadataBatch free = moved;
        moved = logged;
        logged = free;
        logged.clear();
        long end = log.end();
        commitBelow(moved, counts, failure -> {
            if (failure == null) {
                log.release(end);
            } else {
                LOG.warn("What is in the commit log cannot be moved to the store yet: {}", failure.getMessage());
                leaveLog();
                // It comes before what was logged meanwhile.
                moved.add(logged);
                MetadataBatch all = moved;
                moved = logged;
                logged = all;
            }
            callback.committed(failure);
        });
    }

    private void writeThrough(MetadataBatch batch) {
        boolean isToBeUsed = isLogging || loop.clock().nanoTime() - retryNs >= 0;
        if (logged.isEmpty()) {
            writeThrough(batch, isToBeUsed);
            return;
        }
        move(isToBeUsed, failure -> {
            if (closed) {
                return;
            }
            if (failure == null) {
                writeThrough(batch, isToBeUsed);
            } else {
                answer(failure);
            }
        });
    }

    private void writeThrough(MetadataBatch batch, boolean isToBeUsed) {
        log.skip();
        commitBelow(batch, isToBeUsed, failure -> {
            if (failure == null) {
                isLogging = isToBeUsed;
            } else {
                // Nothing is appended behind a number that neither has.
                leaveLog();
            }
            answer(failure);
        });
    }

    /** Nothing is at work there. {@code counts}: whether the log counts from then on. */
    private void commitBelow(MetadataBatch batch, boolean counts, Callback callback) {
        int bytes = batch.sizeBytes();
        batch.put(OwnKey.FAMILY, KEY.bytes(), encode(counts));
        atWork = batch;
        store.commit(batch, failure -> {
            atWork = null;
            batch.truncate(bytes);
            callback.committed(failure);
        });
    }

    // ---- the rest

    @Override
    public long sizeBytes() {
        return store.sizeBytes();
    }

    /**
     * Nobody commits any more when this is called. What is under way is finished in the store below, together with what only the
     * log has; should that fail, the log has it still. Its device is idle afterwards, except if this is called on the loop, which
     * cannot wait for that.
     */
    @Override
    public void close() {
        if (loop.isCurrent()) {
            finish();
        } else {
            CompletableFuture.runAsync(this::finish, loop).join();
            logIdle.acquireUninterruptibly();
            logIdle.release();
        }
        store.close();
    }

    private void finish() {
        if (closed) {
            return;
        }
        closed = true;
        if (queue.isBusy() && queue.current() != atWork) {
            queue.putBack();
        }
        MetadataBatch rest = new MetadataBatch();
        if (atWork != null) {
            // Once more, should it fail.
            rest.add(atWork);
        }
        rest.add(logged);
        List<Callback> last = new ArrayList<>();
        MetadataBatch first;
        while ((first = queue.first()) != null) {
            rest.add(first);
            last.add(queue.remove());
        }
        if (!rest.isEmpty()) {
            rest.put(OwnKey.FAMILY, KEY.bytes(), encode(false));
            store.commit(rest, failure -> last.forEach(callback -> callback.committed(failure)));
        }
    }

    private void refuse(Callback callback) {
        MetadataException refusal =
                new MetadataException(Kind.IO, "The metadata store is closed; nothing can be committed any more");
        loop.execute(() -> callback.committed(refusal));
    }

    private byte[] encode(boolean counts) {
        return ByteBuffer.allocate(VALUE_BYTES)
                .putInt(VERSION)
                .putLong(log.lastNumber())
                .put((byte) (counts ? 1 : 0))
                .array();
    }

    private record LogState(long number, boolean counts) {}

    private static LogState decode(ByteBuffer value) throws MetadataException {
        if (value.remaining() != VALUE_BYTES || value.getInt(value.position()) != VERSION) {
            throw new MetadataException(
                    Kind.MISMATCH,
                    "the metadata has a log record of " + value.remaining() + " bytes that this program does not know."
                            + " Use the version of brickcached that wrote it");
        }
        int at = value.position() + Integer.BYTES;
        return new LogState(value.getLong(at), value.get(at + Long.BYTES) != 0);
    }
}
