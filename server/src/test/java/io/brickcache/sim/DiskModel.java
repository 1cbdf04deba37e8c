package io.brickcache.sim;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * What one brick may hold. Per sector it keeps the mutations whose content may still be seen, now or after a crash.
 *
 * <p>Mutation B supersedes A in a sector if A was answered before B was submitted and B surely took effect. A read may
 * return A unless something that was answered before the read began supersedes A. A crash may bring back A unless
 * something durable supersedes A; durable is what was answered before an answered FLUSH was submitted, or had FUA.
 * A crash turns what it may leave into survivors, any of which may be there; so do overlapping writes.
 *
 * <p>A sector that was read while nothing that changes it was in flight has the content that was read: {@code since}, the
 * time from which a mutation counts as the newest of its sector, becomes the start of that read. TRIM is the exception:
 * until the next write the sector may read as zeroes or as anything it might have held, and change between reads. A failed
 * write that such a read did not show may yet be in a sector after a crash, unless a FLUSH came after the read: the disk may
 * have it below what the cache has in memory.
 */
final class DiskModel {

    private static final int SECTOR_BYTES = SectorContent.SECTOR_BYTES;

    /** A read under way; what it may see depends on when it began. */
    static final class Read {
        private final long submitted;
        private final long offset;
        private final int length;
        private boolean ended;

        private Read(long submitted, long offset, int length) {
            this.submitted = submitted;
            this.offset = offset;
            this.length = length;
        }
    }

    private final int brick;
    private final History history;
    private final Mutation[][] mutations;
    private final long[][] since;
    private final Deque<Read> reads = new ArrayDeque<>();
    private List<Mutation> answeredNotDurable = new ArrayList<>();
    /** When the last FLUSH of those that were answered well was submitted. */
    private long flushed;

    /** A brick of zeroes. */
    DiskModel(int brick, long sizeBytes, History history) {
        this.brick = brick;
        this.history = history;
        Mutation zeroes = new Mutation(0, IoOp.WRITE_ZEROES, brick, 0, sizeBytes, 0);
        zeroes.answer(0, IoStatus.OK, true);
        int sectors = Math.toIntExact(sizeBytes / SECTOR_BYTES);
        mutations = new Mutation[sectors][];
        since = new long[sectors][];
        Mutation[] only = {zeroes};
        long[] always = {0};
        for (int sector = 0; sector < sectors; sector++) {
            mutations[sector] = only;
            since[sector] = always;
        }
    }

    int brick() {
        return brick;
    }

    /** Content that is there before the run; returns its write id. */
    long preset(long offset, long length) {
        Mutation mutation = submitMutation(IoOp.WRITE, offset, length);
        mutationAnswered(mutation, IoStatus.OK, true);
        return mutation.id;
    }

    Mutation submitMutation(IoOp op, long offset, long length) {
        Mutation mutation = history.begin(op, brick, offset, length);
        long oldestRead = oldestRead();
        int end = (int) ((offset + length) / SECTOR_BYTES);
        for (int sector = (int) (offset / SECTOR_BYTES); sector < end; sector++) {
            append(sector, mutation, oldestRead);
        }
        return mutation;
    }

    /** A mutation ended. After an I/O error each sector is old or new; after any other error nothing was done. */
    void mutationAnswered(Mutation mutation, IoStatus status, boolean fua) {
        mutation.answer(history.nextTick(), status, fua && status.isOk());
        if (!status.isOk() && status != IoStatus.IO_ERROR) {
            remove(mutation);
        } else if (!mutation.isDurable()) {
            answeredNotDurable.add(mutation);
        }
    }

    /** Notes a FLUSH; returns what {@link #flushAnswered} wants to know. */
    long submitFlush() {
        return history.nextTick();
    }

    void flushAnswered(long submitted) {
        List<Mutation> left = new ArrayList<>();
        for (Mutation mutation : answeredNotDurable) {
            if (mutation.answered() < submitted) {
                mutation.makeDurable();
            } else {
                left.add(mutation);
            }
        }
        answeredNotDurable = left;
        flushed = Math.max(flushed, submitted);
    }

    Read submitRead(long offset, int length) {
        Read read = new Read(history.nextTick(), offset, length);
        reads.add(read);
        return read;
    }

    void readFailed(Read read) {
        read.ended = true;
    }

    /**
     * A read was answered with these bytes.
     *
     * @return a hash of what was seen
     * @throws AssertionError with a diagnosis if a sector holds what it cannot hold
     */
    long readAnswered(Read read, ByteBuffer bytes, int index) {
        long hash = 0;
        int first = (int) (read.offset / SECTOR_BYTES);
        for (int i = 0; i < read.length / SECTOR_BYTES; i++) {
            hash = hash * 31 + checkSector(first + i, read.submitted, bytes, index + i * SECTOR_BYTES);
        }
        read.ended = true;
        return hash;
    }

    /** While the read was under way the brick said that this range reads as zeroes. */
    void zeroesToldAt(Read read, long offset, long length) {
        int end = (int) ((offset + length) / SECTOR_BYTES);
        for (int sector = (int) (offset / SECTOR_BYTES); sector < end; sector++) {
            boolean allowed = false;
            for (int i = 0; i < mutations[sector].length; i++) {
                allowed |= mutations[sector][i].content() == SectorContent.ZEROES
                        && !isSuperseded(sector, i, read.submitted, false);
            }
            if (!allowed) {
                throw new AssertionError(diagnosis(sector, read.submitted, "zeroes, as it says", SectorContent.ZEROES));
            }
        }
    }

    private long checkSector(int sector, long readStart, ByteBuffer bytes, int index) {
        long seen = SectorContent.writeIdAt(bytes, index, brick, sector);
        Mutation[] list = mutations[sector];
        int match = -1;
        int matches = 0;
        boolean settled = true;
        for (int i = 0; i < list.length; i++) {
            settled &= list[i].answered() < readStart;
            if (!isSuperseded(sector, i, readStart, false)) {
                settled &= !list[i].isUnstable();
                if (list[i].content() == seen) {
                    match = i;
                    matches++;
                }
            }
        }
        if (matches == 0) {
            throw new AssertionError(diagnosis(sector, readStart, SectorContent.describe(bytes, index), seen));
        }
        if (settled && matches == 1 && list.length > 1) {
            since[sector][match] = readStart;
            prune(sector, oldestRead());
        }
        return seen;
    }

    private String diagnosis(int sector, long readStart, String found, long seen) {
        StringBuilder text = new StringBuilder()
                .append("sector ")
                .append(sector)
                .append(" of brick b")
                .append(brick)
                .append(" holds ")
                .append(found);
        if (seen > 0) {
            text.append(" = ").append(history.describe(seen));
        }
        text.append("; the read began at ").append(readStart).append("; allowed:");
        for (int i = 0; i < mutations[sector].length; i++) {
            if (!isSuperseded(sector, i, readStart, false)) {
                text.append(' ').append(mutations[sector][i]);
            }
        }
        return text.toString();
    }

    /** Power or process is gone: what was not durable may be there or not, in every sector on its own. */
    void crash() {
        long tick = history.nextTick();
        IdentityHashMap<Mutation, Mutation> survivors = new IdentityHashMap<>();
        answeredNotDurable = new ArrayList<>();
        reads.clear();
        for (int sector = 0; sector < mutations.length; sector++) {
            if (mutations[sector].length > 1) {
                prune(sector, tick);
            }
            if (mutations[sector].length > 1) {
                replaceBySurvivors(sector, tick, survivors);
            }
        }
    }

    private void replaceBySurvivors(int sector, long tick, IdentityHashMap<Mutation, Mutation> survivors) {
        Mutation[] list = mutations[sector].clone();
        long[] times = new long[list.length];
        for (int i = 0; i < list.length; i++) {
            Mutation survivor = survivors.get(list[i]);
            if (survivor == null) {
                survivor = list[i].survivor(tick);
                survivors.put(list[i], survivor);
                if (!survivor.isDurable()) {
                    answeredNotDurable.add(survivor);
                }
            }
            list[i] = survivor;
            times[i] = tick;
        }
        mutations[sector] = list;
        since[sector] = times;
    }

    private void append(int sector, Mutation mutation, long oldestRead) {
        if (mutations[sector].length > 1) {
            prune(sector, oldestRead);
        }
        int count = mutations[sector].length;
        Mutation[] list = new Mutation[count + 1];
        long[] times = new long[count + 1];
        System.arraycopy(mutations[sector], 0, list, 0, count);
        System.arraycopy(since[sector], 0, times, 0, count);
        list[count] = mutation;
        times[count] = mutation.submitted;
        mutations[sector] = list;
        since[sector] = times;
    }

    private void remove(Mutation mutation) {
        int end = (int) ((mutation.offset + mutation.length) / SECTOR_BYTES);
        for (int sector = (int) (mutation.offset / SECTOR_BYTES); sector < end; sector++) {
            boolean[] drop = new boolean[mutations[sector].length];
            for (int i = 0; i < drop.length; i++) {
                drop[i] = mutations[sector][i] == mutation;
            }
            drop(sector, drop);
        }
    }

    /** Forgets what neither a read under way, nor a later one, nor a crash can show. */
    private void prune(int sector, long oldestRead) {
        boolean[] drop = new boolean[mutations[sector].length];
        for (int i = 0; i < drop.length; i++) {
            drop[i] = isSuperseded(sector, i, oldestRead, true);
        }
        drop(sector, drop);
    }

    private void drop(int sector, boolean[] drop) {
        int left = 0;
        for (boolean gone : drop) {
            left += gone ? 0 : 1;
        }
        if (left == drop.length) {
            return;
        }
        Mutation[] list = new Mutation[left];
        long[] times = new long[left];
        for (int i = 0, to = 0; i < drop.length; i++) {
            if (!drop[i]) {
                list[to] = mutations[sector][i];
                times[to++] = since[sector][i];
            }
        }
        mutations[sector] = list;
        since[sector] = times;
    }

    /** True if a mutation answered before {@code time} (and for good, if asked) supersedes mutation {@code i}. */
    private boolean isSuperseded(int sector, int i, long time, boolean forGood) {
        Mutation[] list = mutations[sector];
        long[] times = since[sector];
        for (int j = 0; j < list.length; j++) {
            Mutation other = list[j];
            if (j != i
                    && other.answered() < time
                    && list[i].answered() < times[j]
                    && (other.isCertain() || times[j] > other.submitted)
                    && (!forGood || isForGood(list[i], other, times[j]))) {
                return true;
            }
        }
        return false;
    }

    /** True if no crash brings {@code old} back that {@code other} supersedes, as the newest from {@code newestSince} on. */
    private boolean isForGood(Mutation old, Mutation other, long newestSince) {
        boolean shownByRead = old.answered() > other.submitted;
        return other.isDurable() && !(old.hasFailed() && shownByRead && flushed < newestSince);
    }

    private long oldestRead() {
        while (!reads.isEmpty() && reads.peek().ended) {
            reads.remove();
        }
        Read oldest = reads.peek();
        return oldest == null ? history.nextTick() : oldest.submitted;
    }
}
