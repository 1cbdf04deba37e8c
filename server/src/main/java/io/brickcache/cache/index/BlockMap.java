package io.brickcache.cache.index;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Place (brick and block) to slot: open addressing with linear probing over slot numbers; the keys are in the
 * {@link SlotTable}. The spare high bits of an entry hold a part of the hash, so that most foreign entries are passed
 * without touching the slot table.
 *
 * <p>A place has at most one mapped slot. Its retired slots stay in the map until they are free: a write to the disk
 * must know of them (R3).
 */
public final class BlockMap {

    private static final int EMPTY = 0;
    /** Entries per slot, in eighths: a load of 3/4. */
    private static final int EIGHTHS = 11;

    private static final VarHandle ENTRIES = MethodHandles.arrayElementVarHandle(int[].class);

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
        // Entries hold the slot's number and one, so that none equals EMPTY.
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
                int slot = slotOf(entry);
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
        entries[i] = entry(hash, slot);
    }

    /** Removes a slot, whose key is still in the slot table. */
    public void remove(int slot) {
        long hash = hash(slots.key(slot));
        int wanted = entry(hash, slot);
        int hole = home(hash);
        while (entries[hole] != wanted) {
            if (entries[hole] == EMPTY) {
                throw new IllegalStateException("slot " + slot + " is not in the map");
            }
            hole = next(hole);
        }
        for (int i = next(hole); entries[i] != EMPTY; i = next(i)) {
            int home = home(hash(slots.key(slotOf(entries[i]))));
            if (distance(home, i) >= distance(hole, i)) {
                entries[hole] = entries[i];
                hole = i;
            }
        }
        entries[hole] = EMPTY;
    }

    /**
     * Adds mapped slots to a map of nothing but mapped slots, at start: several fillers may do so at the same time, each on a
     * thread of its own. Works on many slots at once, so that the processor waits for memory once for all of them.
     */
    public final class Filler {
        private static final int SLOTS = 64;

        private final int[] waiting = new int[SLOTS];
        private final long[] hashes = new long[SLOTS];
        private int count;
        /** Kept, so that reading ahead is not optimised away. */
        @SuppressWarnings("UnusedVariable")
        private int touched;

        private int claimed = SlotTable.NONE;
        private int claimant = SlotTable.NONE;

        /** False if two slots claim one place, now or before. */
        public boolean add(int slot) {
            waiting[count] = slot;
            hashes[count] = hash(slots.key(slot));
            count++;
            return count < SLOTS || flush();
        }

        /** Adds those that wait; false as from {@link #add}. */
        public boolean flush() {
            int sum = 0;
            for (int i = 0; i < count; i++) {
                sum += entries[home(hashes[i])];
            }
            touched += sum;
            for (int i = 0; i < count && claimant == SlotTable.NONE; i++) {
                int other = claim(waiting[i], hashes[i]);
                if (other != SlotTable.NONE) {
                    claimed = other;
                    claimant = waiting[i];
                }
            }
            count = 0;
            return claimant == SlotTable.NONE;
        }

        /** The slot that has the place of {@link #claimant}, if there is one. */
        public int claimed() {
            return claimed;
        }

        /** The first slot whose place another had already, or NONE. */
        public int claimant() {
            return claimant;
        }

        /** Of two that claim a place at once, the later one comes by the entry of the earlier: entries only appear. */
        private int claim(int slot, long hash) {
            int entry = entry(hash, slot);
            int tag = tag(hash);
            long key = slots.key(slot);
            int i = home(hash);
            while (true) {
                int found = (int) ENTRIES.getVolatile(entries, i);
                if (found == EMPTY) {
                    found = (int) ENTRIES.compareAndExchange(entries, i, EMPTY, entry);
                    if (found == EMPTY) {
                        return SlotTable.NONE;
                    }
                }
                if ((found & ~slotMask) == tag && slots.key(slotOf(found)) == key) {
                    return slotOf(found);
                }
                i = next(i);
            }
        }
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
        return (int) hash & ~slotMask;
    }

    private int entry(long hash, int slot) {
        return tag(hash) | slot + 1;
    }

    private int slotOf(int entry) {
        return (entry & slotMask) - 1;
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
