package io.brickcache.cache.index;

import io.brickcache.cache.index.MetadataStore.Family;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.assertj.core.api.Assertions;

/** Records in memory, applied at once: what a metadata store would hold after a batch. */
final class SlotRecordStore implements MetadataBatch.Reader<RuntimeException> {

    private final Map<Family, NavigableMap<byte[], byte[]>> records = new EnumMap<>(Family.class);

    SlotRecordStore() {
        for (Family family : Family.values()) {
            records.put(family, new TreeMap<>(Arrays::compareUnsigned));
        }
    }

    void apply(MetadataBatch batch) {
        batch.read(this);
    }

    NavigableMap<byte[], byte[]> family(Family family) {
        return records.getOrDefault(family, new TreeMap<>(Arrays::compareUnsigned));
    }

    /** The record, if there is just one in all families. */
    SlotRecordsTest.Stored only() {
        for (Family family : Family.values()) {
            if (!family(family).isEmpty()) {
                Assertions.assertThat(family(family)).hasSize(1);
                Map.Entry<byte[], byte[]> entry = family(family).firstEntry();
                return new SlotRecordsTest.Stored(
                        family, ByteBuffer.wrap(entry.getKey()), ByteBuffer.wrap(entry.getValue()));
            }
        }
        throw new AssertionError("no record");
    }

    /** Reads groups and journal into a new table, as recovery does. */
    SlotJournal recover(SlotTable into, BlockShape shape, JournalBounds bounds) throws MetadataException {
        SlotRecords slotRecords = new SlotRecords(into, shape);
        SlotJournal journal = new SlotJournal(slotRecords, into.slots(), bounds);
        for (Map.Entry<byte[], byte[]> entry : family(Family.SLOTS).entrySet()) {
            slotRecords.loadGroup(ByteBuffer.wrap(entry.getKey()), ByteBuffer.wrap(entry.getValue()));
        }
        for (Map.Entry<byte[], byte[]> entry : family(Family.JOURNAL).entrySet()) {
            slotRecords.loadJournal(ByteBuffer.wrap(entry.getKey()), ByteBuffer.wrap(entry.getValue()), journal);
        }
        return journal;
    }

    @Override
    public void put(Family family, ByteBuffer key, ByteBuffer value) {
        family(family).put(bytes(key), bytes(value));
    }

    @Override
    public void delete(Family family, ByteBuffer key) {
        family(family).remove(bytes(key));
    }

    @Override
    public void deleteRange(Family family, ByteBuffer from, ByteBuffer to) {
        family(family).subMap(bytes(from), bytes(to)).clear();
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(buffer.position(), copy);
        return copy;
    }
}
