package io.brickcache.cache.index;

import io.brickcache.cache.policy.PolicyBits;
import java.util.BitSet;

/**
 * One {@code long} and one checksum per slot: what the slot holds and in which state.
 *
 * <pre>
 * 63      56 55                              16 15      8 7       6  5 4      3        2       1 0
 * +---------+----------------------------------+---------+-------+------+--------+-----------+-----+
 * |  brick  |              block               | valid   |PARTIAL|policy|AWAITING|UNCOMMITTED|state|
 * +---------+----------------------------------+---------+-------+------+--------+-----------+-----+
 * </pre>
 *
 * AWAITING: a sync of the disk decides what becomes of the slot. A dirty one is being demoted and becomes clean; a clean
 * one is <em>volatile</em>, copied from a disk that may yet lose what it gave, and has no record; a retired one is
 * <em>obsolete</em>, written around by what the disk may yet lose, and its record still says dirty.
 *
 * <p>
 *
 * Validity has the unit of {@link BlockShape#unitBytes}. Up to eight units (4 KiB blocks) fit {@code valid}; of larger
 * blocks only those with PARTIAL set are not whole, and their mask is in a side table.
 *
 * <p>Invariants (docs/invariants.md I1 to I4): state only changes along FREE to CLEAN or DIRTY, CLEAN to and from DIRTY
 * never but by demotion (DIRTY to CLEAN), CLEAN or DIRTY to RETIRED, RETIRED to FREE.
 */
public final class SlotTable implements PolicyBits {

    /** No mapping, not even a durable one. */
    public static final int FREE = 0;
    /** Equal to the disk. */
    public static final int CLEAN = 1;
    /** Newer than the disk. */
    public static final int DIRTY = 2;
    /** No longer mapped in memory, but perhaps still by the durable metadata or by a reader. */
    public static final int RETIRED = 3;

    /** What finds no slot. */
    public static final int NONE = -1;

    public static final int MAX_BRICKS = 256;
    public static final long MAX_BLOCKS = 1L << 40;

    private static final int STATE_MASK = 3;
    private static final int UNCOMMITTED = 1 << 2;
    private static final int AWAITING = 1 << 3;
    private static final int POLICY_SHIFT = 4;
    private static final int POLICY_MASK = 7 << POLICY_SHIFT;
    /** Of a retired slot, which has no policy any more: it was dirty. */
    private static final int WAS_DIRTY = 1 << POLICY_SHIFT;

    private static final int PARTIAL = 1 << 7;
    private static final int VALID_SHIFT = 8;
    private static final int BLOCK_SHIFT = 16;
    private static final int BRICK_SHIFT = 56;
    private static final long KEY_MASK = -1L << BLOCK_SHIFT;

    private final long[] meta;
    private final int[] checksums;
    private final BlockShape shape;
    private final PartialMasks partial = new PartialMasks();
    /** Dirty slots that no record must name; none but after a failed sync of the SSD. */
    private final BitSet unrecorded = new BitSet();

    public SlotTable(int slots, BlockShape shape) {
        this.meta = new long[slots];
        this.checksums = new int[slots];
        this.shape = shape;
    }

    public int slots() {
        return meta.length;
    }

    /** Brick and block as one comparable number; equal exactly for equal places. */
    public static long key(int brick, long block) {
        return (long) brick << BRICK_SHIFT | block << BLOCK_SHIFT;
    }

    public long key(int slot) {
        return meta[slot] & KEY_MASK;
    }

    public int brick(int slot) {
        return (int) (meta[slot] >>> BRICK_SHIFT);
    }

    public long block(int slot) {
        return (meta[slot] & KEY_MASK) << 8 >>> 8 + BLOCK_SHIFT;
    }

    public int state(int slot) {
        return (int) meta[slot] & STATE_MASK;
    }

    /** True for CLEAN and DIRTY. */
    public boolean isMapped(int slot) {
        int state = state(slot);
        return state == CLEAN || state == DIRTY;
    }

    /** CRC32C of the valid units, in order. */
    public int checksum(int slot) {
        return checksums[slot];
    }

    /** Which units of the block the slot holds. */
    public long validMask(int slot) {
        long m = meta[slot];
        if (shape.unitsPerBlock() <= 8) {
            return m >>> VALID_SHIFT & 0xFF;
        }
        return (m & PARTIAL) == 0 ? shape.fullMask() : partial.get(slot);
    }

    /** A free slot gets an owner; the mapping is not committed yet. */
    public void map(int slot, int brick, long block, int state, long validMask, int checksum) {
        if (state(slot) != FREE) {
            throw new IllegalStateException("slot " + slot + " is mapped while in state " + state(slot));
        }
        put(slot, brick, block, state | UNCOMMITTED, validMask, checksum);
    }

    /** As {@link #map}, from a durable record. Several threads may do so at once, each with other, cleared slots. */
    public void restore(int slot, int brick, long block, int state, long validMask, int checksum) {
        if (shape.unitsPerBlock() <= 8 || validMask == shape.fullMask()) {
            put(slot, brick, block, state, validMask, checksum);
        } else {
            synchronized (partial) {
                put(slot, brick, block, state, validMask, checksum);
            }
        }
    }

    private void put(int slot, int brick, long block, int flags, long validMask, int checksum) {
        long m = key(brick, block) | flags;
        if (shape.unitsPerBlock() <= 8) {
            m |= validMask << VALID_SHIFT;
        } else if (validMask != shape.fullMask()) {
            m |= PARTIAL;
            partial.put(slot, validMask);
        }
        meta[slot] = m;
        checksums[slot] = checksum;
    }

    public void retire(int slot) {
        if (!isMapped(slot)) {
            throw new IllegalStateException("slot " + slot + " is retired while in state " + state(slot));
        }
        int was = state(slot) == DIRTY ? WAS_DIRTY : 0;
        meta[slot] = meta[slot] & ~(AWAITING | POLICY_MASK) | was | RETIRED;
    }

    /** The durable record of a retired slot no longer names it: nothing can be held of it any more. */
    public void forgotten(int slot) {
        if (wasDirty(slot)) {
            meta[slot] &= ~WAS_DIRTY;
        }
    }

    /** True for a retired slot that was dirty, until its durable record is {@link #forgotten}. */
    public boolean wasDirty(int slot) {
        return state(slot) == RETIRED && (meta[slot] & WAS_DIRTY) != 0;
    }

    /** A retired slot that was dirty is obsolete again: its record stays, since that of its successor must not be. */
    public void hold(int slot) {
        if (!wasDirty(slot)) {
            throw new IllegalStateException("slot " + slot + " is held while in state " + state(slot));
        }
        meta[slot] |= AWAITING;
    }

    /** Whether the records may name the slot: not if it is not known what the SSD has of it. */
    public void setUnrecorded(int slot, boolean value) {
        unrecorded.set(slot, value);
    }

    public boolean isUnrecorded(int slot) {
        return unrecorded.get(slot);
    }

    /** DIRTY to RETIRED, but the record stays until {@link #settle}: the disk has something newer, not synced. */
    public void obsolete(int slot) {
        if (state(slot) != DIRTY) {
            throw new IllegalStateException("slot " + slot + " is made obsolete while in state " + state(slot));
        }
        meta[slot] = meta[slot] & ~POLICY_MASK | WAS_DIRTY | AWAITING | RETIRED;
    }

    /** True from {@link #obsolete} until {@link #settle}. */
    public boolean isObsolete(int slot) {
        return awaits(slot, RETIRED);
    }

    /** A clean slot of what the disk may yet lose: without a record until {@link #settle}. */
    public void setVolatile(int slot) {
        if (state(slot) != CLEAN) {
            throw new IllegalStateException("slot " + slot + " is made volatile while in state " + state(slot));
        }
        meta[slot] |= AWAITING;
    }

    /** True from {@link #setVolatile} until {@link #settle}. */
    public boolean isVolatile(int slot) {
        return awaits(slot, CLEAN);
    }

    /** The disk has been synced: a volatile slot is an ordinary clean one, an obsolete one an ordinary retired one. */
    public void settle(int slot) {
        meta[slot] &= ~AWAITING;
    }

    private boolean awaits(int slot, int state) {
        return (meta[slot] & (AWAITING | STATE_MASK)) == (AWAITING | state);
    }

    /** What the durable record is to say: FREE, CLEAN or DIRTY. */
    int recordedState(int slot) {
        int state = state(slot);
        if (unrecorded.get(slot)) {
            return FREE;
        }
        if (state == RETIRED) {
            return isObsolete(slot) ? DIRTY : FREE;
        }
        return isVolatile(slot) ? FREE : state;
    }

    /** True if the durable metadata is to have a record of the slot. */
    public boolean isRecorded(int slot) {
        return recordedState(slot) != FREE;
    }

    /** DIRTY to CLEAN: the disk has it, synced. */
    public void clean(int slot) {
        if (state(slot) != DIRTY) {
            throw new IllegalStateException("slot " + slot + " is cleaned while in state " + state(slot));
        }
        meta[slot] = meta[slot] & ~(STATE_MASK | AWAITING) | CLEAN;
    }

    /** RETIRED to FREE. */
    public void free(int slot) {
        if (state(slot) != RETIRED) {
            throw new IllegalStateException("slot " + slot + " is freed while in state " + state(slot));
        }
        clear(slot);
    }

    /** Forgets whatever the slot held; for recovery, where a later record overrides an earlier one. */
    public void clear(int slot) {
        if ((meta[slot] & PARTIAL) != 0) {
            partial.remove(slot);
        }
        meta[slot] = 0;
        checksums[slot] = 0;
        unrecorded.clear(slot);
    }

    /** The content of a dirty slot is lost, and is to hold these units: whatever the SSD gives for it will not match. */
    public void spoil(int slot, long validMask) {
        if ((meta[slot] & PARTIAL) != 0) {
            partial.remove(slot);
        }
        int flags = (int) meta[slot] & PARTIAL - 1;
        put(slot, brick(slot), block(slot), flags, validMask, ~checksums[slot]);
    }

    /** True until the commit of the epoch that mapped the slot is durable. */
    public boolean isUncommitted(int slot) {
        return (meta[slot] & UNCOMMITTED) != 0;
    }

    public void committed(int slot) {
        meta[slot] &= ~UNCOMMITTED;
    }

    /** True from {@link #setDemoting} until the slot is cleaned or retired. */
    public boolean isDemoting(int slot) {
        return awaits(slot, DIRTY);
    }

    /** Marks a dirty slot. */
    public void setDemoting(int slot, boolean demoting) {
        if (state(slot) != DIRTY) {
            throw new IllegalStateException("slot " + slot + " is demoted while in state " + state(slot));
        }
        meta[slot] = demoting ? meta[slot] | AWAITING : meta[slot] & ~AWAITING;
    }

    @Override
    public int policyBits(int slot) {
        return ((int) meta[slot] & POLICY_MASK) >> POLICY_SHIFT;
    }

    @Override
    public void setPolicyBits(int slot, int bits) {
        meta[slot] = meta[slot] & ~POLICY_MASK | bits << POLICY_SHIFT;
    }

    /** Bytes on the heap. */
    public long memoryBytes() {
        return 12L * meta.length + partial.memoryBytes();
    }
}
