package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.SlotJournal;
import io.brickcache.cache.index.SlotRecords;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.env.Loop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes epochs durable, one at a time: close the open epoch and open the next; sync the SSD; write one metadata batch;
 * then free what the epoch retired and answer who waited. Disks are no business of it: what depends on the sync of one
 * enters an epoch afterwards ({@link AwaitingSync}).
 *
 * <p>A mapping enters an epoch only when its data has been written, so closing an epoch never waits for I/O. An epoch
 * that cannot be committed is absorbed by the open one: nothing is freed, and the next commit brings it again.
 */
final class Committer {

    private static final Logger log = LoggerFactory.getLogger(Committer.class);

    /** An epoch with more changes is closed at once: bounds the work of a commit. */
    private static final int MAX_CHANGES = 16384;

    private final Loop loop;
    private final BlockDevice ssd;
    private final SlotTable slots;
    private final MetadataStore store;
    private final SlotJournal journal;
    private final long intervalNs;
    private final PlantedBug bug;
    private final Consumer<Epoch> onRelease;
    private final Runnable onSyncFailure;

    private final MetadataBatch batch = new MetadataBatch();
    private final Deque<Epoch> closed = new ArrayDeque<>();
    private final Deque<Epoch> spare = new ArrayDeque<>();
    private final Deque<Runnable> releaseWaiters = new ArrayDeque<>();
    private Epoch open = new Epoch();
    private @Nullable Epoch committing;
    private boolean startScheduled;
    private boolean wanted;
    /** The open epoch is to be closed at {@code dueNs}. The timer may outlive it: one for each epoch would be garbage. */
    private boolean isDue;

    private long dueNs;
    private Loop.@Nullable Cancellable timer;
    private @Nullable Consumer<MetadataBatch> periodic;
    private long periodicNs;
    private long periodicDueNs;
    private boolean stopped;
    private @Nullable DirtyMarks marks;
    /** What the commit under way waits for before it writes metadata, and how that went so far. */
    private int preparations;

    private IoStatus ssdStatus = IoStatus.OK;
    private IoStatus witnessStatus = IoStatus.OK;
    private long commits;
    private long failedCommits;

    private final class SsdSync extends IoRequest {
        @Override
        public void completed(IoStatus status) {
            ssdSynced(status);
        }
    }

    private final SsdSync ssdSync = new SsdSync();
    private final Runnable starting = this::start;
    private final Runnable onTimer = this::timerFired;
    private final Consumer<IoStatus> onWitnessed = this::witnessed;
    private final MetadataStore.Callback onStored = this::stored;

    /**
     * Nothing is under way.
     *
     * @param onRelease frees the retired slots of an epoch
     * @param onSyncFailure hears that the SSD could not be synced, when the open epoch has everything that is not durable
     */
    Committer(
            Loop loop,
            BlockDevice ssd,
            SlotTable slots,
            MetadataStore store,
            SlotJournal journal,
            long intervalNs,
            long firstEpoch,
            PlantedBug bug,
            Consumer<Epoch> onRelease,
            Runnable onSyncFailure) {
        this.loop = loop;
        this.ssd = ssd;
        this.slots = slots;
        this.store = store;
        this.journal = journal;
        this.intervalNs = intervalNs;
        this.bug = bug;
        this.onRelease = onRelease;
        this.onSyncFailure = onSyncFailure;
        open.reset(firstEpoch);
    }

    /** Who must know before a commit brings the first dirty slots of a brick. */
    void tell(DirtyMarks told) {
        marks = told;
    }

    /** A read of slots begins: nothing it may see is freed before {@link #exitReader} with the epoch returned. */
    Epoch enterReader() {
        open.readers++;
        return open;
    }

    void exitReader(Epoch epoch) {
        epoch.readers--;
        if (epoch.readers == 0) {
            release();
        }
    }

    /** The slot's durable record is out of date. */
    void changed(int slot) {
        open.addChanged(slot);
        startTimer();
        if (open.changedCount >= MAX_CHANGES) {
            request();
        }
    }

    void wroteSlots() {
        open.wroteSlots = true;
    }

    /** The slot was retired: it becomes free after the commit of the open epoch. */
    void retired(int slot) {
        open.addRetired(slot);
        changed(slot);
    }

    /** As {@link #retired}, for so many slots at once that they are not named one by one. */
    void retiredInBulk(int slot) {
        open.addRetired(slot);
        open.rewrite = true;
        startTimer();
    }

    /** The open epoch, for who must look through what is not durable. */
    Epoch open() {
        return open;
    }

    /** Writes another record with the open epoch. */
    void put(Consumer<MetadataBatch> record) {
        open.records.add(record);
        startTimer();
    }

    /** Writes a record with some commit, at most once in {@code everyNs}; it does not cause a commit by itself. */
    void putEvery(long everyNs, Consumer<MetadataBatch> record) {
        periodicNs = everyNs;
        periodic = record;
        periodicDueNs = loop.clock().nanoTime() + everyNs;
    }

    /** Slots retired and not yet free. */
    int pendingRetired() {
        int pending = open.retiredCount;
        for (Epoch epoch : closed) {
            pending += epoch.retiredCount;
        }
        return pending;
    }

    /** Those of them that the next commit frees, not one under way. */
    int nextRetired() {
        return open.retiredCount;
    }

    /** Closes the open epoch as soon as the commit under way is done. */
    void request() {
        wanted = true;
        schedule();
    }

    /** Commits all that has been changed until now. */
    void commit(CommitListener listener) {
        open.listeners.add(listener);
        request();
    }

    /** Runs the task when everything is free that is retired now; at once if nothing is. */
    void whenReleased(Runnable task) {
        if (closed.isEmpty()) {
            task.run();
        } else {
            releaseWaiters.add(task);
        }
    }

    long commits() {
        return commits;
    }

    long failedCommits() {
        return failedCommits;
    }

    /** No more commits on its own account; one under way goes on. */
    void stop() {
        stopped = true;
        isDue = false;
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        if (marks != null) {
            marks.stop();
        }
    }

    private void startTimer() {
        if (!isDue && !stopped) {
            isDue = true;
            dueNs = loop.clock().nanoTime() + intervalNs;
            if (timer == null) {
                timer = loop.schedule(intervalNs, onTimer);
            }
        }
    }

    private void timerFired() {
        timer = null;
        if (!isDue) {
            return;
        }
        long leftNs = dueNs - loop.clock().nanoTime();
        if (leftNs > 0) {
            timer = loop.schedule(leftNs, onTimer);
        } else {
            isDue = false;
            if (open.hasChanges()) {
                request();
            }
        }
    }

    private void schedule() {
        if (committing == null && !startScheduled) {
            // Not at once: flushes that arrive in the same round of the loop share the commit.
            startScheduled = true;
            loop.execute(starting);
        }
    }

    private void start() {
        startScheduled = false;
        if (committing != null || !wanted) {
            return;
        }
        wanted = false;
        isDue = false;
        Epoch epoch = open;
        Epoch next = spare.isEmpty() ? new Epoch() : spare.pop();
        next.reset(epoch.number + 1);
        open = next;
        closed.addLast(epoch);
        committing = epoch;

        batch.clear();
        if (epoch.rewrite) {
            journal.encodeAll(batch, epoch.number);
        } else {
            encodeChanges(epoch);
        }
        epoch.noteForgotten(slots);
        for (int i = 0; i < epoch.records.size(); i++) {
            epoch.records.get(i).accept(batch);
        }
        putPeriodic();
        plant(epoch);
        preparations = 2;
        if (epoch.wroteSlots && bug != PlantedBug.COMMITS_WITHOUT_SSD_SYNC) {
            ssdSync.prepareFlush();
            ssd.submit(ssdSync);
        } else {
            ssdSynced(IoStatus.OK);
        }
        if (marks == null) {
            witnessed(IoStatus.OK);
        } else {
            marks.closing(onWitnessed);
        }
    }

    private void encodeChanges(Epoch epoch) {
        long entries = journal.entries() + epoch.changedCount;
        journal.encode(batch, epoch.number, epoch.changed, epoch.changedCount);
        if (bug == PlantedBug.CUTS_JOURNAL_TOO_FAR && journal.entries() < entries) {
            batch.deleteRange(Family.JOURNAL, SlotRecords.journalKey(0), SlotRecords.journalKey(epoch.number));
        }
    }

    private void putPeriodic() {
        long nowNs = loop.clock().nanoTime();
        if (periodic != null && nowNs - periodicDueNs >= 0) {
            periodicDueNs = nowNs + periodicNs;
            periodic.accept(batch);
        }
    }

    private void plant(Epoch epoch) {
        if (bug == PlantedBug.FREES_SLOTS_BEFORE_COMMIT) {
            onRelease.accept(epoch);
            epoch.retiredCount = 0;
        }
        if (bug == PlantedBug.ANSWERS_FLUSH_BEFORE_COMMIT) {
            answer(epoch, true);
            epoch.listeners.clear();
        }
    }

    private void ssdSynced(IoStatus status) {
        if (!status.isOk()) {
            log.warn("commit {} put off: the SSD could not be synced", current().number);
        }
        ssdStatus = status;
        ready();
    }

    private void witnessed(IoStatus status) {
        if (!status.isOk()) {
            log.warn("commit {} put off: the state directory cannot be written", current().number);
        }
        witnessStatus = status;
        ready();
    }

    private void ready() {
        if (--preparations > 0) {
            return;
        }
        if (!ssdStatus.isOk()) {
            // What waits for the open epoch counts on slots that are in doubt now, too.
            List<CommitListener> waiting = new ArrayList<>(open.listeners);
            open.listeners.clear();
            failed(onSyncFailure);
            waiting.forEach(listener -> listener.committed(IoStatus.IO_ERROR));
        } else if (!witnessStatus.isOk()) {
            failed(() -> {});
        } else if (batch.isEmpty()) {
            succeeded();
        } else {
            store.commit(batch, onStored);
        }
    }

    private void stored(@Nullable MetadataException failure) {
        if (failure == null) {
            succeeded();
        } else {
            log.error("commit {} failed: {}", current().number, failure.getMessage());
            failed(() -> {});
        }
    }

    private Epoch current() {
        Epoch epoch = committing;
        if (epoch == null) {
            throw new IllegalStateException("no commit under way");
        }
        return epoch;
    }

    private void succeeded() {
        Epoch epoch = current();
        committing = null;
        commits++;
        journal.succeeded();
        if (marks != null) {
            marks.committed();
        }
        for (int i = 0; i < epoch.changedCount; i++) {
            if (!slots.isUnrecorded(epoch.changed[i])) {
                slots.committed(epoch.changed[i]);
            }
        }
        for (int i = 0; i < epoch.forgottenCount; i++) {
            slots.forgotten(epoch.forgotten[i]);
        }
        epoch.committed = true;
        answer(epoch, true);
        release();
        if (wanted) {
            schedule();
        }
    }

    private void failed(Runnable consequence) {
        Epoch epoch = current();
        committing = null;
        failedCommits++;
        if (bug == PlantedBug.BELIEVES_FAILED_ROUND) {
            journal.succeeded();
        } else {
            journal.failed();
        }
        open.absorb(epoch);
        epoch.committed = true;
        consequence.run();
        answer(epoch, bug == PlantedBug.ANSWERS_OK_TO_FAILED_COMMIT);
        release();
        if (wanted) {
            schedule();
        } else {
            startTimer();
        }
    }

    private void answer(Epoch epoch, boolean stored) {
        IoStatus status = stored ? IoStatus.OK : IoStatus.IO_ERROR;
        for (int i = 0; i < epoch.listeners.size(); i++) {
            epoch.listeners.get(i).committed(status);
        }
    }

    private void release() {
        Epoch first;
        while ((first = closed.peekFirst()) != null
                && first.committed
                && (first.readers == 0 || bug == PlantedBug.IGNORES_READERS)) {
            closed.removeFirst();
            onRelease.accept(first);
            spare.push(first);
        }
        Runnable waiter;
        while (closed.isEmpty() && (waiter = releaseWaiters.poll()) != null) {
            waiter.run();
        }
    }
}
