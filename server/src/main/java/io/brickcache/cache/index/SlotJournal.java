package io.brickcache.cache.index;

import io.brickcache.cache.index.MetadataStore.Family;
import java.util.Arrays;

/**
 * Turns the changes of an epoch into few records: one journal record with just the changed slots, and a bounded number
 * of whole groups, so that the journal can be cut off. So a commit after a flush costs one small put, and a group changed a
 * hundred times is written once (docs/adr/0001-slot-journal.md).
 *
 * <p>Groups are written in the order of their numbers, round and round: what RocksDB flushes then covers a narrow range of
 * keys, and its compactions touch that range only. Of every segment of groups it is known in which epoch the round came to it
 * last; the changes before the oldest of these are in the groups.
 *
 * <p>Invariant I7: a group whose newest state is not in the SLOTS family has every change since in the journal.
 */
public final class SlotJournal {

    /** Pieces in which a round lets the journal be cut. */
    private static final int MAX_SEGMENTS = 64;

    /** Slots remembered as the latest that changed. */
    private static final int LATEST = 1024;

    private final SlotRecords records;
    private final int limit;
    private final int groupsPerCommit;
    private final int cutEpochs;
    private final int groups;
    /** Groups whose newest state is in the journal only. */
    private final long[] isWaiting;

    private int waiting;
    /** Where the round goes on. */
    private int cursor;
    /** The epoch in which the round came to the segment of the cursor. */
    private long entered;

    private final int segmentGroups;
    /** Of each segment the epoch in which the last round that has passed it came to it; changes before are in its groups. */
    private final long[] saved;

    private final long[] savedBefore;
    private int cursorBefore;
    private long enteredBefore;

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

    private final int[] writtenGroups;
    private int written;

    public SlotJournal(SlotRecords records, int slots) {
        this(records, slots, JournalBounds.DEFAULTS);
    }

    public SlotJournal(SlotRecords records, int slots, JournalBounds bounds) {
        this.records = records;
        this.limit = bounds.entriesOf(slots);
        this.groupsPerCommit = bounds.groupsPerCommit();
        this.writtenGroups = new int[groupsPerCommit];
        this.cutEpochs = bounds.cutEpochs();
        this.groups = (slots - 1) / SlotRecords.GROUP_SLOTS + 1;
        this.isWaiting = new long[(groups >> 6) + 1];
        this.segmentGroups = (groups - 1) / MAX_SEGMENTS + 1;
        this.saved = new long[(groups - 1) / segmentGroups + 1];
        this.savedBefore = new long[saved.length];
    }

    /** Adds everything that makes the epoch durable. Followed by {@link #succeeded} or {@link #failed}. */
    public void encode(MetadataBatch batch, long epoch, int[] changed, int count) {
        remember();
        if (count == 0) {
            return;
        }
        records.putJournal(batch, epoch, changed, count);
        live.addLast(epoch);
        live.addLast(count);
        liveEntries += count;
        for (int i = 0; i < count; i++) {
            await(changed[i] / SlotRecords.GROUP_SLOTS);
        }
        long over = liveEntries - limit;
        // Twice as fast as it fills, so that the journal comes back below its limit.
        goRound(batch, epoch, (int) Math.min(Math.min(over, 2L * count), groupsPerCommit));
        trim(batch, epoch);
    }

    private void remember() {
        written = 0;
        firstEpochBefore = firstEpoch;
        cursorBefore = cursor;
        enteredBefore = entered;
        System.arraycopy(saved, 0, savedBefore, 0, saved.length);
    }

    /** Writes up to {@code most} groups that wait, from the cursor on. */
    private void goRound(MetadataBatch batch, long epoch, int most) {
        while (written < most && waiting > 0) {
            int group = nextWaiting(cursor);
            pass(group, epoch);
            if (group == groups) {
                cursor = 0;
                entered = epoch;
            } else {
                isWaiting[group >> 6] &= ~(1L << group);
                waiting--;
                records.putGroup(batch, group);
                writtenGroups[written++] = group;
            }
        }
        if (waiting == 0) {
            Arrays.fill(saved, epoch);
            entered = epoch;
        }
    }

    /** The first group from {@code from} on that waits, or the number of groups. */
    private int nextWaiting(int from) {
        int word = from >> 6;
        long bits = isWaiting[word] & -1L << from;
        while (bits == 0 && ++word < isWaiting.length) {
            bits = isWaiting[word];
        }
        return bits == 0 ? groups : (word << 6) + Long.numberOfTrailingZeros(bits);
    }

    /** Moves the cursor over groups that do not wait. */
    private void pass(int to, long epoch) {
        int from = cursor / segmentGroups;
        int end = to == groups ? saved.length : to / segmentGroups;
        if (from < end) {
            saved[from] = entered;
            Arrays.fill(saved, from + 1, end, epoch);
            entered = epoch;
        }
        cursor = to;
    }

    /** No change before this epoch is in the journal alone. */
    private long keepFrom(long epoch) {
        long oldest = epoch;
        for (long since : saved) {
            oldest = Math.min(oldest, since);
        }
        return oldest;
    }

    private void trim(MetadataBatch batch, long epoch) {
        long keepFrom = keepFrom(epoch);
        int cut = 0;
        long cutEntries = 0;
        while (2 * cut < live.size() && live.get(2 * cut) < keepFrom) {
            cutEntries += live.get(2 * cut + 1);
            cut++;
        }
        if (cut >= cutEpochs) {
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
        remember();
        rewritten = epoch;
        batch.deleteRange(Family.SLOTS, SlotRecords.groupKey(0), SlotRecords.groupKey(-1));
        batch.deleteRange(Family.JOURNAL, SlotRecords.journalKey(0), SlotRecords.journalKey(epoch + 1));
        records.putUsedGroups(batch);
    }

    /** The last {@link #encode} is durable. */
    public void succeeded() {
        written = 0;
        if (rewritten != 0) {
            live.clear();
            Arrays.fill(isWaiting, 0);
            waiting = 0;
            Arrays.fill(saved, rewritten);
            entered = rewritten;
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
            await(writtenGroups[written]);
        }
        cursor = cursorBefore;
        entered = enteredBefore;
        System.arraycopy(savedBefore, 0, saved, 0, saved.length);
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
    void loaded(int slot) {
        await(slot / SlotRecords.GROUP_SLOTS);
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

    private void await(int group) {
        long bit = 1L << group;
        if ((isWaiting[group >> 6] & bit) == 0) {
            isWaiting[group >> 6] |= bit;
            waiting++;
        }
    }

    /** A queue of longs that grows by doubling. */
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
