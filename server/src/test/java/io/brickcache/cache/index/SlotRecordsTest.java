package io.brickcache.cache.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.env.sim.SeededEntropy;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotRecordsTest {

    /** Not whole groups: the last one has 6 slots. */
    private static final int SLOTS = 134;

    private static final int GROUP = 2;
    private static final int[] CHANGED = {133, 128, 0, 64, 129, 63, 1};

    private final SeededEntropy entropy = new SeededEntropy(5);

    /** One record, as it was put. */
    record Stored(Family family, ByteBuffer key, ByteBuffer value) {

        static Stored only(MetadataBatch batch) {
            SlotRecordStore store = new SlotRecordStore();
            store.apply(batch);
            return store.only();
        }

        void load(SlotTable into, BlockShape shape) throws MetadataException {
            SlotRecords records = new SlotRecords(into, shape);
            if (family == Family.SLOTS) {
                records.loadGroup(key.duplicate(), value.duplicate());
            } else {
                records.loadJournal(key.duplicate(), value.duplicate(), new SlotJournal(records, SLOTS));
            }
        }

        Stored with(byte[] newKey, byte[] newValue) {
            return new Stored(family, ByteBuffer.wrap(newKey), ByteBuffer.wrap(newValue));
        }

        /** With a checksum that fits the key and the value. */
        Stored sealed() {
            CRC32C crc = new CRC32C();
            crc.update(key.duplicate());
            crc.update(value.slice(0, value.limit() - 4));
            value.putInt(value.limit() - 4, (int) crc.getValue());
            return this;
        }
    }

    private void fill(SlotTable slots, BlockShape shape) {
        for (int slot = 0; slot < slots.slots(); slot++) {
            if (entropy.chance(0.8)) {
                slots.map(
                        slot,
                        entropy.pick(0, 127, 128, 255),
                        entropy.pick(0L, SlotTable.MAX_BLOCKS - 1, entropy.nextLong(SlotTable.MAX_BLOCKS)),
                        entropy.pick(SlotTable.CLEAN, SlotTable.DIRTY),
                        entropy.chance(0.4) ? shape.fullMask() : entropy.nextLong() & shape.fullMask() | 1,
                        (int) entropy.nextLong());
                slots.setPolicyBits(slot, 5);
                if (entropy.chance(0.2)) {
                    slots.retire(slot);
                }
            }
        }
    }

    private static void expectSame(SlotTable loaded, SlotTable slots, int slot) {
        int expected = slots.isMapped(slot) ? slots.state(slot) : SlotTable.FREE;
        assertThat(loaded.state(slot)).as("state of slot %d", slot).isEqualTo(expected);
        if (expected != SlotTable.FREE) {
            assertThat(loaded.key(slot)).isEqualTo(slots.key(slot));
            assertThat(loaded.validMask(slot)).isEqualTo(slots.validMask(slot));
            assertThat(loaded.checksum(slot)).isEqualTo(slots.checksum(slot));
            assertThat(loaded.isUncommitted(slot)).isFalse();
        }
    }

    private static Stored group(SlotTable slots, BlockShape shape, int group) {
        MetadataBatch batch = new MetadataBatch();
        new SlotRecords(slots, shape).putGroup(batch, group);
        return Stored.only(batch);
    }

    private static Stored journal(SlotTable slots, BlockShape shape, int... changed) {
        MetadataBatch batch = new MetadataBatch();
        new SlotRecords(slots, shape).putJournal(batch, 0x0102030405060708L, changed, changed.length);
        return Stored.only(batch);
    }

    @ParameterizedTest
    @ValueSource(ints = {4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10})
    void shouldLoadWhatItPutForEveryShape(int blockBytes) throws MetadataException {
        BlockShape shape = new BlockShape(blockBytes);
        for (int round = 0; round < 20; round++) {
            SlotTable slots = new SlotTable(SLOTS, shape);
            fill(slots, shape);
            SlotTable fromGroups = new SlotTable(SLOTS, shape);
            for (int group = 0; group <= GROUP; group++) {
                group(slots, shape, group).load(fromGroups, shape);
            }
            SlotTable fromJournal = new SlotTable(SLOTS, shape);
            fill(fromJournal, shape);
            journal(slots, shape, CHANGED).load(fromJournal, shape);

            for (int slot = 0; slot < SLOTS; slot++) {
                expectSame(fromGroups, slots, slot);
            }
            for (int slot : CHANGED) {
                expectSame(fromJournal, slots, slot);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4 << 10, 64 << 10})
    void shouldRefuseEverySingleFlippedBit(int blockBytes) {
        BlockShape shape = new BlockShape(blockBytes);
        SlotTable slots = new SlotTable(SLOTS, shape);
        fill(slots, shape);
        for (Stored stored : new Stored[] {group(slots, shape, GROUP), journal(slots, shape, CHANGED)}) {
            int keyBits = 8 * stored.key.remaining();
            for (int bit = 0; bit < keyBits + 8 * stored.value.remaining(); bit++) {
                byte[] key = bytes(stored.key);
                byte[] value = bytes(stored.value);
                flip(bit < keyBits ? key : value, bit < keyBits ? bit : bit - keyBits);
                expectRefusal(stored.with(key, value), shape, Kind.CORRUPT);
            }
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(buffer.position(), copy);
        return copy;
    }

    private static void flip(byte[] bytes, int bit) {
        bytes[bit / 8] ^= (byte) (1 << bit % 8);
    }

    private static void expectRefusal(Stored damaged, BlockShape shape, Kind kind) {
        SlotTable loaded = new SlotTable(SLOTS, shape);
        MetadataException refusal = catchThrowableOfType(MetadataException.class, () -> damaged.load(loaded, shape));

        assertThat(refusal).isNotNull();
        assertThat(refusal.kind()).isEqualTo(kind);
        for (int slot = 0; slot < SLOTS; slot++) {
            assertThat(loaded.state(slot)).isEqualTo(SlotTable.FREE);
        }
    }

    @Test
    void shouldRefuseEveryTruncatedRecord() {
        BlockShape shape = new BlockShape(8 << 10);
        SlotTable slots = new SlotTable(SLOTS, shape);
        fill(slots, shape);
        for (Stored stored : new Stored[] {group(slots, shape, GROUP), journal(slots, shape, CHANGED)}) {
            for (int length = 0; length < stored.value.limit(); length++) {
                byte[] value = Arrays.copyOf(bytes(stored.value), length);
                expectRefusal(stored.with(bytes(stored.key), value), shape, Kind.CORRUPT);
            }
            byte[] shortKey = Arrays.copyOf(bytes(stored.key), 3);
            expectRefusal(stored.with(shortKey, bytes(stored.value)), shape, Kind.CORRUPT);
        }
    }

    @Test
    void shouldNameBothVersionsWhenTheRecordIsOfAnother() {
        BlockShape shape = new BlockShape(4 << 10);
        Stored stored = group(new SlotTable(SLOTS, shape), shape, 0);
        stored.value.put(0, (byte) 9);

        assertThatThrownBy(() -> stored.sealed().load(new SlotTable(SLOTS, shape), shape))
                .isInstanceOfSatisfying(
                        MetadataException.class, e -> assertThat(e.kind()).isEqualTo(Kind.MISMATCH))
                .hasMessageContaining("version 9")
                .hasMessageContaining("knows 1");
    }

    @Test
    void shouldRefuseARecordOfAGroupBeyondTheCache() {
        BlockShape shape = new BlockShape(4 << 10);
        SlotTable larger = new SlotTable(1_000, shape);
        larger.map(999, 0, 1, SlotTable.CLEAN, 0xFF, 1);
        larger.map(134, 0, 2, SlotTable.CLEAN, 0xFF, 1);

        expectRefusal(group(larger, shape, 15), shape, Kind.CORRUPT);
        expectRefusal(group(larger, shape, 2), shape, Kind.CORRUPT);
        expectRefusal(journal(larger, shape, 134), shape, Kind.CORRUPT);
    }

    @Test
    void shouldRefuseAStateThatIsNeverStored() {
        BlockShape shape = new BlockShape(4 << 10);
        SlotTable slots = new SlotTable(SLOTS, shape);
        slots.map(7, 0, 1, SlotTable.CLEAN, 0xFF, 1);
        Stored stored = group(slots, shape, 0);
        stored.value.put(9, (byte) SlotTable.RETIRED);

        expectRefusal(stored.sealed(), shape, Kind.CORRUPT);
    }

    @Test
    void shouldRefuseBytesBehindTheLastEntry() {
        BlockShape shape = new BlockShape(4 << 10);
        Stored stored = group(new SlotTable(SLOTS, shape), shape, 0);
        byte[] longer = Arrays.copyOf(bytes(stored.value), stored.value.limit() + 3);

        expectRefusal(stored.with(bytes(stored.key), longer).sealed(), shape, Kind.CORRUPT);
    }
}
