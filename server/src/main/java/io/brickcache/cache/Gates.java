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
 * <p>Write-arounds of blocks without slots pass each other if their bytes do not overlap ({@link #enterAround}).
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
        /** Bytes [from, to) of the brick that a lone DISK changes; none of others. */
        private long from;

        private long to;
        private @Nullable Holder before;
        private @Nullable Holder after;

        /** The gate is open to this operation; called once per {@link Gates#enter}, perhaps before that returns. */
        abstract void entered();

        private boolean overlaps(long otherFirst, long otherLast) {
            return first <= otherLast && otherFirst <= last;
        }

        private boolean conflicts(Holder other) {
            boolean passes =
                    kind == Kind.WRITE && other.kind == Kind.DEMOTE || kind == Kind.DEMOTE && other.kind == Kind.WRITE;
            return !passes && overlaps(other.first, other.last) && !isApart(other);
        }

        private boolean isApart(Holder other) {
            return from < to && other.isApart(from, to);
        }

        private boolean isApart(long otherFrom, long otherTo) {
            return from < to && (to <= otherFrom || otherTo <= from);
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
     * True if a write-around of the bytes [from, to) need not wait: none but others like it, of other bytes, is at these
     * blocks.
     */
    boolean admitsAround(long first, long last, long from, long to) {
        for (Holder other = oldest; other != null; other = other.after) {
            if (other.overlaps(first, last) && !other.isApart(from, to)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Enters now: a write-around of the bytes [from, to) that {@link #admitsAround} has let in. Those of neighbouring bytes in
     * one block, as a sequence has them that is not aligned to blocks, reach the disk in their order then, with nothing
     * between them. None of the blocks may have a slot: there is nothing to merge, and none can get one meanwhile.
     */
    void enterAround(Holder holder, long first, long last, long from, long to) {
        enter(holder, Kind.DISK, first, last, from, to);
    }

    /** Enters now or when all conflicting operations that came before have left. */
    void enter(Holder holder, Kind kind, long first, long last) {
        enter(holder, kind, first, last, 0, 0);
    }

    private void enter(Holder holder, Kind kind, long first, long last, long from, long to) {
        holder.from = from;
        holder.to = to;
        holder.kind = kind;
        holder.first = first;
        holder.last = last;
        holder.blockers = 0;
        holder.held = false;
        for (Holder other = oldest; other != null; other = other.after) {
            if (other.conflicts(holder)) {
                holder.blockers++;
            }
        }
        holder.after = null;
        holder.before = newest;
        if (newest == null) {
            oldest = holder;
        } else {
            newest.after = holder;
        }
        newest = holder;
        count++;
        if (holder.blockers == 0) {
            holder.held = true;
            holder.entered();
        }
    }

    /** Leaves the gate that the holder has; who waited for it alone enters. */
    void leave(Holder holder) {
        if (!holder.held) {
            throw new IllegalStateException("a gate is left that was not entered");
        }
        holder.held = false;
        for (Holder other = holder.after; other != null; other = other.after) {
            if (other.conflicts(holder) && --other.blockers == 0) {
                other.held = true;
                ready.add(other);
            }
        }
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
