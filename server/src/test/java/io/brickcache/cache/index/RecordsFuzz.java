package io.brickcache.cache.index;

import io.brickcache.cache.data.SsdLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Fuzz target: every stored record. The first byte chooses the kind, the second the block size; the rest is the record,
 * which gets the right checksum where one is needed to come any further. A record is read or refused with a
 * {@link MetadataException}, and what was read keeps the invariants of what is read from then on.
 */
public final class RecordsFuzz {

    private static final int KINDS = 8;
    private static final int SLOTS = 200;
    private static final int REGIONS = 1000;
    private static final MetadataBatch BATCH = new MetadataBatch();

    private RecordsFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length < 2) {
            return;
        }
        BlockShape shape = new BlockShape(BlockShape.MIN_BLOCK_BYTES << Math.floorMod(input[1], 5));
        byte[] record = Arrays.copyOfRange(input, 2, input.length);
        try {
            switch (Math.floorMod(input[0], KINDS)) {
                case 0 -> cacheRecord(record);
                case 1 -> brickRecord(record);
                case 2 -> slots(record, shape, 4, false);
                case 3 -> slots(record, shape, 4, true);
                case 4 -> slots(record, shape, 8, false);
                case 5 -> slots(record, shape, 8, true);
                case 6 -> heat(record);
                default -> superblock(record, shape);
            }
        } catch (MetadataException e) {
            require(e.getMessage() != null, "refused without a reason");
        }
    }

    private static void cacheRecord(byte[] bytes) throws MetadataException {
        CacheRecord record = CacheRecord.decode(ByteBuffer.wrap(bytes));
        require(new BlockShape(record.blockBytes()).unitsPerBlock() > 0, "no block size");
        require(record.slots() > 0, "no slots");
        require(CacheRecord.decode(ByteBuffer.wrap(record.encode())).equals(record), "not the same again");
    }

    private static void brickRecord(byte[] bytes) throws MetadataException {
        int keyBytes = Math.min(bytes.length, 1);
        BrickRecord record = BrickRecord.decode(
                ByteBuffer.wrap(bytes, 0, keyBytes), ByteBuffer.wrap(bytes).position(keyBytes));
        require(record.sizeBytes() > 0, "a brick without a size");
        require(
                BrickRecord.decode(ByteBuffer.wrap(record.key()), ByteBuffer.wrap(record.encode()))
                        .equals(record),
                "not the same again");
    }

    private static void slots(byte[] bytes, BlockShape shape, int keyBytes, boolean sealed) throws MetadataException {
        byte[] key = Arrays.copyOf(bytes, Math.min(bytes.length, keyBytes));
        byte[] value = Arrays.copyOfRange(bytes, key.length, bytes.length + (sealed ? 4 : 0));
        if (sealed) {
            CRC32C crc = new CRC32C();
            crc.update(key);
            crc.update(value, 0, value.length - 4);
            ByteBuffer.wrap(value).putInt(value.length - 4, (int) crc.getValue());
        }
        SlotTable table = new SlotTable(SLOTS, shape);
        SlotRecords records = new SlotRecords(table, shape);
        SlotJournal journal = new SlotJournal(records, SLOTS);
        if (keyBytes == 4) {
            records.loadGroup(ByteBuffer.wrap(key), ByteBuffer.wrap(value));
        } else {
            records.loadJournal(ByteBuffer.wrap(key), ByteBuffer.wrap(value), journal);
            require(journal.entries() >= 0 && journal.lastEpoch() >= 0, "a journal that is less than empty");
        }
        for (int slot = 0; slot < SLOTS; slot++) {
            if (table.isMapped(slot)) {
                long mask = table.validMask(slot);
                require(mask != 0 && (mask & ~shape.fullMask()) == 0, "slot " + slot + " holds units " + mask);
                require(table.key(slot) == SlotTable.key(table.brick(slot), table.block(slot)), "its place is torn");
            } else {
                require(table.state(slot) == SlotTable.FREE, "slot " + slot + " is in no state that is stored");
            }
        }
        // What was read can be written and read again.
        BATCH.clear();
        records.putGroup(BATCH, 0);
    }

    private static void heat(byte[] bytes) {
        ByteBuffer key = ByteBuffer.wrap(bytes, 0, Math.min(bytes.length, 5));
        int brick = RegionHeat.brickOf(key);
        if (brick >= 0) {
            RegionHeat heat = new RegionHeat(brick, REGIONS);
            heat.load(key, ByteBuffer.wrap(bytes).position(5), 0);
            heat.read(REGIONS - 1, true, Integer.MAX_VALUE);
            heat.isHot(0);
        }
    }

    private static void superblock(byte[] bytes, BlockShape shape) throws MetadataException {
        byte[] block = Arrays.copyOf(bytes, SsdLayout.SUPERBLOCK_BYTES);
        CRC32C crc = new CRC32C();
        crc.update(block, 0, 40);
        ByteBuffer.wrap(block).putInt(40, (int) crc.getValue());
        new SsdLayout(new UUID(1, 2), shape, SLOTS).check(ByteBuffer.wrap(block), "ssd");
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
