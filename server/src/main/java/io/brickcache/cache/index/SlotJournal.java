package io.brickcache.cache.index;

import io.brickcache.cache.index.MetadataStore.Family;
import java.util.Arrays;

/**
 * Turns the changes of an epoch into few records: one journal record with just the changed slots, and a bounded number
 * of whole groups, those that have waited longest, so that the journal can be cut off behind them. So a commit after a
 * flush costs one small put, and a group changed a hundred times is written once (docs/adr/0001-slot-journal.md).
 *
 * <p>Invariant I7: a group whose newest state is not in the SLOTS family has every change since in the journal.
 */
public final class SlotJournal {

    /** Journal entries that are always allowed; about 1 MiB. */
    private static final int MIN_LIMIT = 1 << 16;
    /** More than that a commit never adds in groups, so that its work stays bounded. */
    private static final int MAX_GROUPS_PER_COMMIT = 1024;
    /** Epochs cut off at once: a range deletion costs RocksDB more than a put. */
    private static final int TRIM_EPOCHS = 64;

    /** Slots remembered as the latest that changed. */
    private static final int LATEST = 1024;

    private final SlotRecords records;
    private final int limit;
    /** Groups whose newest state is in the journal only, in the order of their oldest journal entry. */
    private final LongRing waiting = new LongRing();

    private final long[] isWaiting;
    /** {epoch, entries} of the records in the journal. */
    private final LongRing live = new LongRing();

    private long liveEntries;
    /** No record in the store is older. */
    private long firstEpoch = 1;

    private long firstEpochBefore = 1;
    /** Epoch of an {@link #encodeAll} under way, or 0. */
    private long rewritten;

    /** The slots read last at start, a ring. */
    private final int[] latest = new int[LATEST];

    private long loadedSlots;

    private final int[] writtenGroups = new int[MAX_GROUPS_PER_COMMIT];
    private final long[] writtenSince = new long[MAX_GROUPS_PER_COMMIT];
    private int written;

    public SlotJournal(SlotRecords records, int slots) {
        this(records, slots, Math.max(MIN_LIMIT, slots / 8));
    }

    /** With {@code limit} journal entries always allowed. */
    SlotJournal(SlotRecords records, int slots, int limit) {
        this.records = records;
        this.limit = limit;
        this.isWaiting = new long[(slots / SlotRecords.GROUP_SLOTS >> 6) + 1];
    }

    /** Adds everything that makes the epoch durable. Followed by {@link #succeeded} or {@link #failed}. */
    public void encode(MetadataBatch batch, long epoch, int[] changed, int count) {
        written = 0;
        firstEpochBefore = firstEpoch;
        if (count == 0) {
            return;
        }
        records.putJournal(batch, epoch, changed, count);
        live.addLast(epoch);
        live.addLast(count);
        liveEntries += count;
        for (int i = 0; i < count; i++) {
            await(epoch, changed[i]);
        }
        long over = liveEntries - limit;
        // Twice as fast as it fills, so that the journal comes back below its limit.
        int groups = (int) Math.min(Math.min(over, 2L * count), MAX_GROUPS_PER_COMMIT);
        while (written < groups && !waiting.isEmpty()) {
            long since = waiting.removeFirst();
            int group = (int) waiting.removeFirst();
            isWaiting[group >> 6] &= ~(1L << group);
            records.putGroup(batch, group);
            writtenGroups[written] = group;
            writtenSince[written] = since;
            written++;
        }
        trim(batch, epoch);
    }

    private void trim(MetadataBatch batch, long epoch) {
        long keepFrom = waiting.isEmpty() ? epoch : waiting.first();
        int cut = 0;
        long cutEntries = 0;
        while (2 * cut < live.size() && live.get(2 * cut) < keepFrom) {
            cutEntries += live.get(2 * cut + 1);
            cut++;
        }
        if (cut >= TRIM_EPOCHS) {
            batch.deleteRange(Family.JOURNAL, SlotRecords.journalKey(firstEpoch), SlotRecords.journalKey(keepFrom));
            firstEpoch = keepFrom;
            liveEntries -= cutEntries;
            for (int i = 0; i < 2 * cut; i++) {
                live.removeFirst();
            }
        }
    }

    /**
     * As {@link #encode}, for an epoch in which very many slots were forgotten: everything is deleted, and the groups that
     * hold something are written, so that nothing is said of the slots that hold nothing.
     */
    public void encodeAll(MetadataBatch batch, long epoch) {
        written = 0;
        firstEpochBefore = firstEpoch;
        rewritten = epoch;
        batch.deleteRange(Family.SLOTS, SlotRecords.groupKey(0), SlotRecords.groupKey(-1));
        batch.deleteRange(Family.JOURNAL, SlotRecords.journalKey(0), SlotRecords.journalKey(epoch + 1));
        records.putUsedGroups(batch);
    }

    /** The last {@link #encode} is durable. */
    public void succeeded() {
        written = 0;
        if (rewritten != 0) {
            waiting.clear();
            live.clear();
            Arrays.fill(isWaiting, 0);
            liveEntries = 0;
            firstEpoch = rewritten + 1;
            rewritten = 0;
        }
    }

    /**
     * The last {@link #encode} is not durable. The groups written wait again, the next cut begins where this one did
     * (a journal with a hole would replay old states over newer ones), and the caller brings the changes again with the
     * next epoch.
     */
    public void failed() {
        while (written > 0) {
            written--;
            int group = writtenGroups[written];
            waiting.addFirst(group);
            waiting.addFirst(writtenSince[written]);
            isWaiting[group >> 6] |= 1L << group;
        }
        firstEpoch = firstEpochBefore;
        rewritten = 0;
    }

    /** At start: a journal record is about to be read. */
    void loading(long epoch, int entries) {
        if (live.isEmpty()) {
            firstEpoch = epoch;
        }
        live.addLast(epoch);
        live.addLast(entries);
        liveEntries += entries;
    }

    /** At start: a slot was read from the journal. */
    void loaded(long epoch, int slot) {
        await(epoch, slot);
        latest[(int) (loadedSlots++ % LATEST)] = slot;
    }

    /** Slots that changed last before the start, the newest first; a slot may be there more than once. */
    public int[] latestLoaded() {
        int count = (int) Math.min(LATEST, loadedSlots);
        int[] result = new int[count];
        for (int i = 0; i < count; i++) {
            result[i] = latest[(int) ((loadedSlots - 1 - i) % LATEST)];
        }
        return result;
    }

    /** Entries in the journal. */
    public long entries() {
        return liveEntries;
    }

    /** The newest epoch in the journal, or 0. */
    public long lastEpoch() {
        return live.isEmpty() ? 0 : live.get(live.size() - 2);
    }

    private void await(long epoch, int slot) {
        int group = slot / SlotRecords.GROUP_SLOTS;
        if ((isWaiting[group >> 6] & 1L << group) == 0) {
            isWaiting[group >> 6] |= 1L << group;
            waiting.addLast(epoch);
            waiting.addLast(group);
        }
    }

    /** A deque of longs that grows by doubling. */
    private static final class LongRing {
        private long[] items = new long[64];
        private int head;
        private int size;

        boolean isEmpty() {
            return size == 0;
        }

        int size() {
            return size;
        }

        long first() {
            return items[head];
        }

        long get(int i) {
            return items[head + i & items.length - 1];
        }

        void clear() {
            head = 0;
            size = 0;
        }

        void addLast(long item) {
            ensure();
            items[head + size & items.length - 1] = item;
            size++;
        }

        void addFirst(long item) {
            ensure();
            head = head - 1 & items.length - 1;
            items[head] = item;
            size++;
        }

        long removeFirst() {
            long item = items[head];
            head = head + 1 & items.length - 1;
            size--;
            return item;
        }

        private void ensure() {
            if (size == items.length) {
                long[] grown = Arrays.copyOf(items, 2 * size);
                System.arraycopy(items, 0, grown, size, head);
                items = grown;
            }
        }
    }
}
