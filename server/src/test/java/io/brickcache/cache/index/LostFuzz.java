package io.brickcache.cache.index;

import io.brickcache.cache.index.LostRange.Cause;
import io.brickcache.cache.index.LostRange.State;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.fuzz.Input;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * Fuzz target: the lists of lost blocks, and the scrub record. The first byte says whether the rest is a scrub record, the
 * records of a list as they are, these with the right checksum, or calls that make a list in whose records bits are then
 * turned. Records are read or refused with a {@link MetadataException}; a list that was read is in order and can be saved
 * over its records and read again; turned bits are noticed.
 */
public final class LostFuzz {

    private static final int BRICK = 7;
    private static final int CAUSES = Cause.values().length;

    private LostFuzz() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws MetadataException {
        Input input = new Input(bytes);
        int mode = input.octet();
        long sizeBytes = 512L << input.octet() % 42;
        switch (mode & 3) {
            case 0 -> scrub(input.rest());
            case 1 -> records(input, sizeBytes, false);
            case 2 -> records(input, sizeBytes, true);
            default -> flipped(input, sizeBytes);
        }
    }

    private static void scrub(byte[] value) throws MetadataException {
        ScrubRecord record;
        try {
            record = ScrubRecord.decode(ByteBuffer.wrap(value));
        } catch (MetadataException e) {
            require(e.getMessage() != null, "refused without a reason");
            return;
        }
        require(record.nextSlot() >= 0, "goes on at slot " + record.nextSlot());
        require(ScrubRecord.decode(ByteBuffer.wrap(record.encode())).equals(record), "not the same again");
    }

    /** Records of {key, length 2, value}. */
    private static void records(Input input, long sizeBytes, boolean sealed) throws MetadataException {
        NavigableMap<byte[], byte[]> store = new TreeMap<>(Arrays::compareUnsigned);
        while (!input.isEmpty()) {
            byte[] key = input.take(5);
            byte[] value = input.take(input.twoOctets());
            if (sealed && value.length >= 4) {
                key[0] = BRICK;
                seal(key, value);
            }
            store.put(key, value);
        }
        LostRanges ranges = new LostRanges(BRICK);
        try {
            load(store, ranges, sizeBytes);
        } catch (MetadataException e) {
            require(e.getMessage() != null, "refused without a reason");
            return;
        }
        check(ranges, sizeBytes);
        save(ranges, store);
        LostRanges again = new LostRanges(BRICK);
        load(store, again, sizeBytes);
        require(shown(again).equals(shown(ranges)), "saved and read, it is another list");
        ranges.remove(0, sizeBytes);
        require(ranges.isEmpty() && !ranges.hasGone() && ranges.bytes() == 0, "something is left of everything");
    }

    private static void load(NavigableMap<byte[], byte[]> store, LostRanges into, long sizeBytes)
            throws MetadataException {
        for (byte[] key : store.keySet()) {
            if (LostRanges.brickOf(ByteBuffer.wrap(key)) == BRICK) {
                into.load(ByteBuffer.wrap(key), ByteBuffer.wrap(store.get(key)), sizeBytes, 0);
            }
        }
    }

    private static void seal(byte[] key, byte[] value) {
        CRC32C crc = new CRC32C();
        crc.update(key);
        crc.update(value, 0, value.length - 4);
        ByteBuffer.wrap(value).putInt(value.length - 4, (int) crc.getValue());
    }

    private static void check(LostRanges ranges, long sizeBytes) {
        long end = 0;
        boolean gone = false;
        for (LostRange range : shown(ranges)) {
            require(range.offset() >= end && range.length() > 0, "out of order: " + range);
            end = range.end();
            gone |= range.state() == State.GONE;
            require(
                    ranges.isGone(range.offset(), range.length()) == (range.state() == State.GONE),
                    "in another state: " + range);
        }
        require(end <= sizeBytes, "beyond the end: " + end);
        require(gone == ranges.hasGone(), "what is gone is counted wrong");
        require(ranges.bytes() <= sizeBytes && ranges.blocks(12) <= (sizeBytes + 4095 >> 12), "more than there is");
    }

    private static void flipped(Input input, long sizeBytes) throws MetadataException {
        LostRanges ranges = new LostRanges(BRICK, 40);
        long units = Math.max(1, sizeBytes >> 9);
        for (int i = input.octet() & 63; i > 0; i--) {
            int how = input.octet();
            long unit = Math.floorMod(input.eightOctets() >>> 16, units);
            long offset = unit << 9;
            long length = Math.min(units - unit, 1 + (how >> 3)) << 9;
            switch (how & 7) {
                case 0 -> ranges.remove(offset, length);
                case 1 -> ranges.removeUnreadable(offset, length);
                default ->
                    ranges.add(
                            offset,
                            length,
                            i,
                            Cause.values()[i % CAUSES],
                            (how & 1) == 0 ? State.GONE : State.UNREADABLE,
                            0);
            }
            check(ranges, sizeBytes);
        }
        NavigableMap<byte[], byte[]> store = new TreeMap<>(Arrays::compareUnsigned);
        save(ranges, store);
        LostRanges again = new LostRanges(BRICK);
        load(store, again, sizeBytes);
        require(shown(again).equals(shown(ranges)), "saved and read, it is another list");
        Map.Entry<byte[], byte[]> first = store.firstEntry();
        if (first == null) {
            return;
        }
        byte[] valid = first.getValue();
        byte[] turned = input.withFlippedBits(valid);
        store.put(first.getKey(), turned);
        try {
            load(store, new LostRanges(BRICK), sizeBytes);
            require(Arrays.equals(turned, valid), "turned bits are taken for lost blocks");
        } catch (MetadataException e) {
            require(e.getMessage() != null, "refused without a reason");
        }
    }

    private static void save(LostRanges ranges, NavigableMap<byte[], byte[]> store) {
        MetadataBatch batch = new MetadataBatch();
        ranges.save(batch);
        batch.read(new MetadataBatch.Reader<RuntimeException>() {
            @Override
            public void put(Family family, ByteBuffer key, ByteBuffer value) {
                store.put(bytes(key), bytes(value));
            }

            @Override
            public void delete(Family family, ByteBuffer key) {
                store.remove(bytes(key));
            }

            @Override
            public void deleteRange(Family family, ByteBuffer from, ByteBuffer to) {
                store.subMap(bytes(from), bytes(to)).clear();
            }
        });
    }

    private static List<LostRange> shown(LostRanges ranges) {
        return ranges.from(0, Integer.MAX_VALUE);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(buffer.position(), copy);
        return copy;
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
