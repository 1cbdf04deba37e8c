package io.brickcache.bench.metadata;

import io.brickcache.cache.CacheMetadata;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.meta.MetaOptions;
import io.brickcache.meta.RocksMetadataStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Makes a large, full cache of a small, empty one that is closed: enlarges its data area, a sparse file, and fills its
 * metadata through real commits. Its one brick, a sparse file too, seems to be cached in single blocks all over. A tenth
 * is dirty. The records say what the files hold: zeroes.
 */
public final class CacheEnlargement {

    private static final int MAX_CHANGES = 16_384;
    private static final int DIRTY_EVERY = 10;
    /** Odd, so that the slots get different blocks; about the golden ratio, so that neighbours get distant ones. */
    private static final long SPREAD = 0x9E37_79B1L;

    private CacheEnlargement() {}

    /** Arguments: metadata directory, data file, slots. */
    public static void main(String[] arguments) throws IOException, MetadataException {
        if (arguments.length != 3) {
            throw new IllegalArgumentException("arguments: METADATA_DIRECTORY DATA_FILE SLOTS");
        }
        Path metadata = Path.of(arguments[0]);
        Path data = Path.of(arguments[1]);
        int slots = Integer.parseInt(arguments[2]);
        try (StoreLoop loop = new StoreLoop();
                MetadataStore store = RocksMetadataStore.openExisting(metadata, MetaOptions.DEFAULT, loop.loop())) {
            forgetCommitLog(store);
            CacheMetadata found = CacheMetadata.read(store);
            CacheRecord old = found.cache();
            CacheRecord record = new CacheRecord(old.uuid(), old.blockBytes(), slots, old.generation(), true);
            enlarge(data, new SsdLayout(record.uuid(), new BlockShape(record.blockBytes()), slots));
            fill(store, record, found.bricks().get(0));
        }
    }

    /** An orderly stop has left nothing in it; without its record the metadata are RocksDB's alone. */
    private static void forgetCommitLog(MetadataStore store) throws MetadataException {
        MetadataBatch batch = new MetadataBatch();
        batch.delete(Family.CACHE, "log".getBytes(StandardCharsets.US_ASCII));
        CompletableFuture<@Nullable MetadataException> done = new CompletableFuture<>();
        store.commit(batch, done::complete);
        MetadataException failure = done.join();
        if (failure != null) {
            throw failure;
        }
    }

    private static void enlarge(Path data, SsdLayout layout) throws IOException {
        ByteBuffer superblock = ByteBuffer.allocate(SsdLayout.SUPERBLOCK_BYTES);
        layout.encode(superblock);
        try (RandomAccessFile file = new RandomAccessFile(data.toFile(), "rw")) {
            file.setLength(layout.areaBytes());
            file.write(superblock.array());
            file.seek(SsdLayout.LOG_OFFSET);
            file.write(new byte[SsdLayout.LOG_BYTES]);
            file.getFD().sync();
        }
    }

    private static void fill(MetadataStore store, CacheRecord record, BrickRecord brick) throws MetadataException {
        BlockShape shape = new BlockShape(record.blockBytes());
        long blocks = Long.highestOneBit(brick.sizeBytes() / shape.blockBytes());
        if (blocks < record.slots()) {
            throw new IllegalArgumentException("the brick has " + blocks + " blocks for " + record.slots() + " slots");
        }
        SlotTable slots = new SlotTable(record.slots(), shape);
        EpochWriter writer = new EpochWriter(store, slots, shape, MAX_CHANGES);
        CRC32C zeroes = new CRC32C();
        zeroes.update(new byte[shape.blockBytes()]);
        for (int slot = 0; slot < record.slots(); slot++) {
            int state = slot % DIRTY_EVERY == 0 ? SlotTable.DIRTY : SlotTable.CLEAN;
            long block = slot * SPREAD & blocks - 1;
            slots.map(slot, brick.id(), block, state, shape.fullMask(), (int) zeroes.getValue());
            if (writer.change(slot)) {
                writer.commit(batch -> {});
            }
        }
        writer.commit(batch -> batch.put(Family.CACHE, CacheRecord.key(), record.encode()));
        System.out.printf(
                "%d slots in %d commits, %.0f MiB; the longest %.0f ms%n",
                writer.changes(),
                writer.commits(),
                writer.encodedBytes() / 1048576.0,
                writer.durations().percentileMs(100));
    }
}
