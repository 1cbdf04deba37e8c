package io.brickcache.cache;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The gates of one brick: operations on blocks that must not overlap in time wait here, in order of arrival; all others
 * pass. Reads need no gate: slots never change once written, and what a read saw stays until it is done (I5).
 *
 * <table>
 * <caption>Who waits for whom when ranges overlap</caption>
 * <tr><th></th><th>WRITE</th><th>DISK</th><th>DEMOTE</th></tr>
 * <tr><td>WRITE: new slots for blocks</td><td>waits</td><td>waits</td><td>passes</td></tr>
 * <tr><td>DISK: write-around, trim, zeroes</td><td>waits</td><td>waits</td><td>waits</td></tr>
 * <tr><td>DEMOTE: slots to the disk</td><td>passes</td><td>waits</td><td>waits</td></tr>
 * </table>
 *
 * <p>Writes around of blocks without slots pass each other if their bytes do not overlap ({@link #enterAround}, {@link
 * #letPass}). So those of neighbouring bytes in one block, as a sequence has them whose requests are smaller than blocks, reach
 * the disk in their order, with nothing between them.
 */
final class Gates {

    enum Kind {
        WRITE,
        DISK,
        DEMOTE
    }

    /** An operation that holds or awaits a gate over the blocks [first, last]. */
    abstract static class Holder {
        private Kind kind = Kind.WRITE;
        private long first;
        private long last;
        private int blockers;
        private boolean held;
        /** Bytes [from, to) of the brick that a DISK changes. */
        private long from;

        private long to;
        /** Waits for nobody. */
        private boolean free;
        /** Those who change other bytes of the disk do not wait for it. */
        private boolean passable;

        private @Nullable Holder before;
        private @Nullable Holder after;

        /** The gate is open to this operation; called once per {@link Gates#enter}, perhaps before that returns. */
        abstract void entered();

        private boolean overlaps(long otherFirst, long otherLast) {
            return first <= otherLast && otherFirst <= last;
        }

        private boolean waitsFor(Holder earlier) {
            boolean passes = kind == Kind.WRITE && earlier.kind == Kind.DEMOTE
                    || kind == Kind.DEMOTE && earlier.kind == Kind.WRITE;
            return !free
                    && !passes
                    && overlaps(earlier.first, earlier.last)
                    && !(earlier.passable && isApartFrom(earlier));
        }

        /** Both change the disk, and not the same bytes. */
        private boolean isApartFrom(Holder other) {
            return kind == Kind.DISK && other.changesOthersThan(from, to);
        }

        private boolean changesOthersThan(long otherFrom, long otherTo) {
            return kind == Kind.DISK && (to <= otherFrom || otherTo <= from);
        }
    }

    /** Sees the block ranges of operations. */
    @FunctionalInterface
    interface RangeVisitor {
        void range(long first, long last);
    }

    private @Nullable Holder oldest;
    private @Nullable Holder newest;
    private final Deque<Holder> ready = new ArrayDeque<>();
    private boolean running;
    private int count;

    /**
     * True if a write-around of the bytes [from, to) need not wait: only changes of the disk are at these blocks, and of other
     * bytes.
     */
    boolean admitsAround(long first, long last, long from, long to) {
        for (Holder other = oldest; other != null; other = other.after) {
            if (other.overlaps(first, last) && !other.changesOthersThan(from, to)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Enters now: a write-around of the bytes [from, to) that {@link #admitsAround} has let in. None of the blocks may have a
     * slot: there is nothing to merge, and none can get one meanwhile.
     */
    void enterAround(Holder holder, long first, long last, long from, long to) {
        holder.free = true;
        enter(holder, Kind.DISK, first, last, from, to);
    }

    /** As {@link #enter}, DISK, of an operation that changes the bytes [from, to) of these blocks. */
    void enterDisk(Holder holder, long first, long last, long from, long to) {
        holder.free = false;
        enter(holder, Kind.DISK, first, last, from, to);
    }

    /** Enters now or when all conflicting operations that came before have left. */
    void enter(Holder holder, Kind kind, long first, long last) {
        holder.free = false;
        enter(holder, kind, first, last, 0, Long.MAX_VALUE);
    }

    private void enter(Holder holder, Kind kind, long first, long last, long from, long to) {
        describe(holder, kind, first, last, from, to);
        for (Holder other = oldest; other != null; other = other.after) {
            if (holder.waitsFor(other)) {
                holder.blockers++;
            }
        }
        link(newest, holder, null);
        enterIfFree(holder);
    }

    private static void describe(Holder holder, Kind kind, long first, long last, long from, long to) {
        holder.from = from;
        holder.to = to;
        holder.kind = kind;
        holder.first = first;
        holder.last = last;
        holder.blockers = 0;
        holder.held = false;
        holder.passable = false;
    }

    private void enterIfFree(Holder holder) {
        if (holder.blockers == 0) {
            holder.held = true;
            holder.entered();
            runReady();
        }
    }

    private void link(@Nullable Holder before, Holder holder, @Nullable Holder after) {
        holder.before = before;
        holder.after = after;
        if (before == null) {
            oldest = holder;
        } else {
            before.after = holder;
        }
        if (after == null) {
            newest = holder;
        } else {
            after.before = holder;
        }
        count++;
    }

    private void unlink(Holder holder) {
        if (holder.before == null) {
            oldest = holder.after;
        } else {
            holder.before.after = holder.after;
        }
        if (holder.after == null) {
            newest = holder.before;
        } else {
            holder.after.before = holder.before;
        }
        holder.before = null;
        holder.after = null;
        count--;
    }

    /**
     * A WRITE, inside, turns into a DISK of the bytes [from, to) and keeps its place: whoever waits for it goes on waiting. The
     * successor enters when the demotions that were let pass have left.
     */
    void turnIntoDisk(Holder write, Holder disk, long from, long to) {
        if (!write.held || write.kind != Kind.WRITE) {
            throw new IllegalStateException("no write that is inside");
        }
        disk.free = false;
        describe(disk, Kind.DISK, write.first, write.last, from, to);
        link(write, disk, write.after);
        Holder after = disk.after;
        while (after != null) {
            Holder demotion = after;
            after = after.after;
            if (demotion.kind != Kind.DEMOTE || !demotion.waitsFor(disk)) {
                continue;
            }
            if (demotion.held) {
                // Whatever is between them does not conflict with it, or it would not be inside.
                unlink(demotion);
                link(write, demotion, write.after);
            } else {
                demotion.blockers++;
            }
        }
        write.held = false;
        unlink(write);
        for (Holder earlier = oldest; earlier != disk && earlier != null; earlier = earlier.after) {
            if (disk.waitsFor(earlier)) {
                disk.blockers++;
            }
        }
        enterIfFree(disk);
    }

    /**
     * Lets changes of the disk pass, waiting ones and later ones, that have other bytes than the holder, which is a write-around
     * that has just entered. None of its blocks may have a slot (any more): there is nothing to merge, and none can get one
     * meanwhile. They enter when the holder's {@link Holder#entered} is done.
     */
    void letPass(Holder holder) {
        for (Holder other = holder.after; other != null; other = other.after) {
            if (other.waitsFor(holder) && other.isApartFrom(holder)) {
                unblock(other);
            }
        }
        holder.passable = true;
    }

    private void unblock(Holder waiting) {
        if (--waiting.blockers == 0) {
            waiting.held = true;
            ready.add(waiting);
        }
    }

    /** Leaves the gate that the holder has; who waited for it alone enters. */
    void leave(Holder holder) {
        if (!holder.held) {
            throw new IllegalStateException("a gate is left that was not entered");
        }
        holder.held = false;
        for (Holder other = holder.after; other != null; other = other.after) {
            if (other.waitsFor(holder)) {
                unblock(other);
            }
        }
        unlink(holder);
        runReady();
    }

    private void runReady() {
        if (!running) {
            running = true;
            Holder next;
            while ((next = ready.poll()) != null) {
                next.entered();
            }
            running = false;
        }
    }

    /** Visits the operations inside that write new content and overlap the range. */
    void visitWriters(long first, long last, RangeVisitor visitor) {
        for (Holder other = oldest; other != null; other = other.after) {
            if (other.held && other.kind != Kind.DEMOTE && other.overlaps(first, last)) {
                visitor.range(other.first, other.last);
            }
        }
    }

    boolean isEmpty() {
        return count == 0;
    }
}
