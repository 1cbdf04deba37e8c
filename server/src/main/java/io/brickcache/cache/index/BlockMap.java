package io.brickcache.cache.index;

import java.util.Arrays;

/**
 * Place (brick and block) to slot: open addressing with linear probing over slot numbers; the keys are in the
 * {@link SlotTable}. The spare high bits of an entry hold a part of the hash, so that most foreign entries are passed
 * without touching the slot table.
 *
 * <p>A place has at most one mapped slot. Its retired slots stay in the map until they are free: a write to the disk
 * must know of them (R3).
 */
public final class BlockMap {

    private static final int EMPTY = -1;
    /** Entries per slot, in eighths: a load of 3/4. */
    private static final int EIGHTHS = 11;

    private static final int MAPPED = 0;
    private static final int RETIRED = 1;
    private static final int OBSOLETE = 2;

    private final SlotTable slots;
    private final int[] entries;
    private final int slotMask;
    private final int tagShift;

    public BlockMap(SlotTable slots) {
        this.slots = slots;
        entries = new int[(int) Math.min(Integer.MAX_VALUE - 8, Math.max(16, (long) slots.slots() * EIGHTHS / 8))];
        Arrays.fill(entries, EMPTY);
        // One number more than there are slots, so that no entry equals EMPTY.
        tagShift = 32 - Integer.numberOfLeadingZeros(slots.slots());
        slotMask = (1 << tagShift) - 1;
    }

    /** The slot that holds the place now (CLEAN or DIRTY), or NONE. */
    public int find(long key) {
        return find(key, MAPPED);
    }

    /** True if a retired slot of the place is not free yet; obsolete ones do not count. */
    public boolean hasRetired(long key) {
        return find(key, RETIRED) != SlotTable.NONE;
    }

    /** The obsolete slot of the place, or NONE; a place has at most one. */
    public int findObsolete(long key) {
        return find(key, OBSOLETE);
    }

    private int find(long key, int kind) {
        long hash = hash(key);
        int tag = tag(hash);
        for (int i = home(hash); entries[i] != EMPTY; i = next(i)) {
            int entry = entries[i];
            if ((entry & ~slotMask) == tag) {
                int slot = entry & slotMask;
                if (slots.key(slot) == key && isOfKind(slot, kind)) {
                    return slot;
                }
            }
        }
        return SlotTable.NONE;
    }

    private boolean isOfKind(int slot, int kind) {
        return switch (kind) {
            case MAPPED -> slots.isMapped(slot);
            case OBSOLETE -> slots.isObsolete(slot);
            default -> slots.state(slot) == SlotTable.RETIRED && !slots.isObsolete(slot);
        };
    }

    /** Adds a slot under the key that the slot table has for it. */
    public void add(int slot) {
        long hash = hash(slots.key(slot));
        int i = home(hash);
        while (entries[i] != EMPTY) {
            i = next(i);
        }
        entries[i] = tag(hash) | slot;
    }

    /** Removes a slot, whose key is still in the slot table. */
    public void remove(int slot) {
        long hash = hash(slots.key(slot));
        int wanted = tag(hash) | slot;
        int hole = home(hash);
        while (entries[hole] != wanted) {
            if (entries[hole] == EMPTY) {
                throw new IllegalStateException("slot " + slot + " is not in the map");
            }
            hole = next(hole);
        }
        for (int i = next(hole); entries[i] != EMPTY; i = next(i)) {
            int home = home(hash(slots.key(entries[i] & slotMask)));
            if (distance(home, i) >= distance(hole, i)) {
                entries[hole] = entries[i];
                hole = i;
            }
        }
        entries[hole] = EMPTY;
    }

    /** Bytes on the heap. */
    public long memoryBytes() {
        return 4L * entries.length;
    }

    private int next(int i) {
        return i + 1 == entries.length ? 0 : i + 1;
    }

    private int distance(int from, int to) {
        return to >= from ? to - from : to - from + entries.length;
    }

    private int home(long hash) {
        return (int) ((hash >>> 32) * entries.length >>> 32);
    }

    private int tag(long hash) {
        // Never all ones together with slotMask: slot numbers stay below slotMask.
        return (int) hash & ~slotMask;
    }

    /** Finalizer of MurmurHash3 (Appleby, public domain). */
    private static long hash(long key) {
        long h = key;
        h ^= h >>> 33;
        h *= 0xff51afd7ed558ccdL;
        h ^= h >>> 33;
        h *= 0xc4ceb9fe1a85ec53L;
        return h ^ h >>> 33;
    }
}
