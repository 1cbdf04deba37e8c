package io.brickcache.cache.index;

import java.util.Arrays;

/**
 * Slot to valid mask, for the few slots of large blocks that are not whole. Open addressing with linear probing and
 * backward-shift deletion; grows by doubling, never shrinks.
 */
final class PartialMasks {

    private static final int EMPTY = -1;

    private int[] slots = new int[16];
    private long[] masks = new long[16];
    private int size;

    PartialMasks() {
        Arrays.fill(slots, EMPTY);
    }

    long get(int slot) {
        int i = find(slot);
        if (slots[i] == EMPTY) {
            throw new IllegalStateException("slot " + slot + " has no mask");
        }
        return masks[i];
    }

    void put(int slot, long mask) {
        if (2 * (size + 1) > slots.length) {
            grow();
        }
        int i = find(slot);
        if (slots[i] == EMPTY) {
            size++;
        }
        slots[i] = slot;
        masks[i] = mask;
    }

    void remove(int slot) {
        int hole = find(slot);
        if (slots[hole] == EMPTY) {
            return;
        }
        size--;
        int limit = slots.length - 1;
        for (int i = hole + 1 & limit; slots[i] != EMPTY; i = i + 1 & limit) {
            int home = home(slots[i]);
            if ((i - home & limit) >= (i - hole & limit)) {
                slots[hole] = slots[i];
                masks[hole] = masks[i];
                hole = i;
            }
        }
        slots[hole] = EMPTY;
    }

    long memoryBytes() {
        return 12L * slots.length;
    }

    private int find(int slot) {
        int limit = slots.length - 1;
        int i = home(slot);
        while (slots[i] != EMPTY && slots[i] != slot) {
            i = i + 1 & limit;
        }
        return i;
    }

    private int home(int slot) {
        return slot * 0x9E3779B9 >>> 32 - Integer.numberOfTrailingZeros(slots.length);
    }

    private void grow() {
        int[] oldSlots = slots;
        long[] oldMasks = masks;
        slots = new int[oldSlots.length * 2];
        masks = new long[oldSlots.length * 2];
        Arrays.fill(slots, EMPTY);
        for (int i = 0; i < oldSlots.length; i++) {
            if (oldSlots[i] != EMPTY) {
                int place = find(oldSlots[i]);
                slots[place] = oldSlots[i];
                masks[place] = oldMasks[i];
            }
        }
    }
}
