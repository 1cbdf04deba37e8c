package io.brickcache.cache.index;

import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore.Family;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The durable form of slots. All numbers big-endian.
 *
 * <pre>
 * SLOTS    key: group number 4            value: version 1, bitmap of used slots 8, entry of each used slot, CRC32C 4
 * JOURNAL  key: epoch number 8            value: version 1, count 4, count x { slot 4, entry }, CRC32C 4
 * entry    state and flags 1 (0 free: nothing follows), brick 1, block 5, valid mask 8 if PARTIAL, CRC32C of the data 4
 * </pre>
 *
 * The CRC32C of a record covers its key and all of the value before it. A journal record holds every slot that its
 * epoch changed, a group record the state of its 64 slots at the end of the epoch in whose commit it was written;
 * recovery reads the groups, then the journal in order (docs/data-format.md).
 */
public final class SlotRecords {

    public static final int GROUP_SLOTS = 64;

    private static final byte VERSION = 1;
    private static final int PARTIAL = 0x80;
    private static final int STATE = 0x03;
    private static final int MAX_ENTRY_BYTES = 19;
    /** Of a slot that is free: its number and its state. */
    private static final int MIN_JOURNAL_ENTRY_BYTES = 5;

    private static final int MAX_GROUP_BYTES = 13 + GROUP_SLOTS * MAX_ENTRY_BYTES;

    private final SlotTable slots;
    private final BlockShape shape;
    private final CRC32C crc = new CRC32C();
    /** Of the record being put. */
    private final ByteBuffer groupKeyOf = ByteBuffer.allocate(4);

    private final ByteBuffer epochKeyOf = ByteBuffer.allocate(8);

    public SlotRecords(SlotTable slots, BlockShape shape) {
        this.slots = slots;
        this.shape = shape;
    }

    public static byte[] groupKey(int group) {
        return ByteBuffer.allocate(4).putInt(group).array();
    }

    public static byte[] journalKey(long epoch) {
        return ByteBuffer.allocate(8).putLong(epoch).array();
    }

    /** Adds the group as it is in memory now. */
    public void putGroup(MetadataBatch batch, int group) {
        byte[] key = groupKeyOf.putInt(0, group).array();
        ByteBuffer out = batch.beginPut(Family.SLOTS, key, MAX_GROUP_BYTES);
        int start = out.position();
        out.put(VERSION);
        int bitmapAt = out.position();
        out.putLong(0);
        int first = group * GROUP_SLOTS;
        int end = Math.min(slots.slots(), first + GROUP_SLOTS);
        long used = 0;
        for (int slot = first; slot < end; slot++) {
            int state = slots.recordedState(slot);
            if (state != SlotTable.FREE) {
                used |= 1L << slot;
                putEntry(out, slot, state);
            }
        }
        out.putLong(bitmapAt, used);
        seal(out, key, start);
        batch.endPut();
    }

    /** Adds the groups in which some slot is recorded. */
    void putUsedGroups(MetadataBatch batch) {
        int slot = 0;
        while (slot < slots.slots()) {
            if (slots.recordedState(slot) == SlotTable.FREE) {
                slot++;
            } else {
                int group = slot / GROUP_SLOTS;
                putGroup(batch, group);
                slot = (group + 1) * GROUP_SLOTS;
            }
        }
    }

    /** Adds the journal record of an epoch: the slots changed in it, as they are in memory now; repeated ones once or more. */
    public void putJournal(MetadataBatch batch, long epoch, int[] changed, int count) {
        byte[] key = epochKeyOf.putLong(0, epoch).array();
        ByteBuffer out = batch.beginPut(Family.JOURNAL, key, 9 + count * (4 + MAX_ENTRY_BYTES));
        int start = out.position();
        out.put(VERSION).putInt(count);
        for (int i = 0; i < count; i++) {
            int slot = changed[i];
            out.putInt(slot);
            int state = slots.recordedState(slot);
            if (state == SlotTable.FREE) {
                out.put((byte) SlotTable.FREE);
            } else {
                putEntry(out, slot, state);
            }
        }
        seal(out, key, start);
        batch.endPut();
    }

    private void putEntry(ByteBuffer out, int slot, int state) {
        long mask = slots.validMask(slot);
        boolean partial = mask != shape.fullMask();
        out.put((byte) (state | (partial ? PARTIAL : 0)));
        long place = slots.key(slot) >>> 16;
        out.putShort((short) (place >>> 32)).putInt((int) place);
        if (partial) {
            out.putLong(mask);
        }
        out.putInt(slots.checksum(slot));
    }

    private void seal(ByteBuffer out, byte[] key, int start) {
        crc.reset();
        crc.update(key);
        int limit = out.limit();
        crc.update(out.limit(out.position()).position(start));
        out.limit(limit);
        out.putInt((int) crc.getValue());
    }

    /** Reads a group record into the slot table. */
    public void loadGroup(ByteBuffer key, ByteBuffer value) throws MetadataException {
        check(key, 4, value, "slot group");
        int group = key.getInt(key.position());
        if (group < 0 || group > (slots.slots() - 1) / GROUP_SLOTS) {
            throw corrupt("a record is of slot group " + group + ", beyond " + slots.slots() + " slots");
        }
        value.get();
        try {
            long used = value.getLong();
            int first = group * GROUP_SLOTS;
            while (used != 0) {
                int slot = first + Long.numberOfTrailingZeros(used);
                used &= used - 1;
                loadEntry(value, slot);
            }
        } catch (BufferUnderflowException e) {
            throw tooShort("slot group", e);
        }
        checkEnd(value);
    }

    /** Reads a journal record into the slot table, over what is there; {@code journal} hears of it. */
    public void loadJournal(ByteBuffer key, ByteBuffer value, SlotJournal journal) throws MetadataException {
        check(key, 8, value, "journal record");
        long epoch = key.getLong(key.position());
        value.get();
        int count = value.getInt();
        if (epoch <= journal.lastEpoch() || epoch == Long.MAX_VALUE) {
            throw corrupt("a journal record is of epoch " + epoch + " after epoch " + journal.lastEpoch());
        }
        if (count < 0 || count > value.remaining() / MIN_JOURNAL_ENTRY_BYTES) {
            throw corrupt("a journal record of " + value.remaining() + " bytes speaks of " + count + " slots");
        }
        journal.loading(epoch, count);
        try {
            for (int i = 0; i < count; i++) {
                int slot = value.getInt();
                loadEntry(value, slot);
                journal.loaded(slot);
            }
        } catch (BufferUnderflowException e) {
            throw tooShort("journal record", e);
        }
        checkEnd(value);
    }

    private void loadEntry(ByteBuffer in, int slot) throws MetadataException {
        if (slot < 0 || slot >= slots.slots()) {
            throw corrupt("a record names slot " + slot + " of " + slots.slots());
        }
        slots.clear(slot);
        int flags = Byte.toUnsignedInt(in.get());
        int state = flags & STATE;
        if (state == SlotTable.RETIRED || (flags & ~(STATE | PARTIAL)) != 0) {
            throw corrupt("slot " + slot + " is in state 0x" + Integer.toHexString(flags));
        }
        if (state == SlotTable.FREE) {
            return;
        }
        long place = (long) in.getShort() << 32 | Integer.toUnsignedLong(in.getInt());
        int brick = (int) (place >>> 40) & 0xFF;
        long block = place & SlotTable.MAX_BLOCKS - 1;
        long mask = (flags & PARTIAL) != 0 ? in.getLong() : shape.fullMask();
        if (mask == 0 || (mask & ~shape.fullMask()) != 0) {
            throw corrupt("slot " + slot + " holds the units 0x" + Long.toHexString(mask));
        }
        slots.restore(slot, brick, block, state, mask, in.getInt());
    }

    private void check(ByteBuffer key, int keyBytes, ByteBuffer value, String what) throws MetadataException {
        if (key.remaining() != keyBytes || value.remaining() < 9) {
            throw corrupt("a " + what + " has a key of " + key.remaining() + " and a value of " + value.remaining()
                    + " bytes");
        }
        crc.reset();
        crc.update(key.duplicate());
        int sealAt = value.limit() - 4;
        crc.update(value.slice(value.position(), sealAt - value.position()));
        if ((int) crc.getValue() != value.getInt(sealAt)) {
            throw corrupt("a " + what + " has a wrong checksum");
        }
        byte version = value.get(value.position());
        if (version != VERSION) {
            throw new MetadataException(
                    Kind.MISMATCH, "a " + what + " has version " + version + ", this program knows " + VERSION);
        }
    }

    private static void checkEnd(ByteBuffer value) throws MetadataException {
        if (value.remaining() != 4) {
            throw corrupt("a record is " + (value.remaining() - 4) + " bytes too long");
        }
    }

    private static MetadataException tooShort(String what, BufferUnderflowException cause) {
        return new MetadataException(Kind.CORRUPT, "a " + what + " is too short", cause);
    }

    private static MetadataException corrupt(String message) {
        return new MetadataException(Kind.CORRUPT, message);
    }
}
