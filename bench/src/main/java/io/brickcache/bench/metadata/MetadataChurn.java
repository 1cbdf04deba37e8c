package io.brickcache.bench.metadata;

import io.brickcache.cache.data.SlotAllocator;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.meta.MetaOptions;
import io.brickcache.meta.RocksMetadataStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * A day of a busy cache's metadata in minutes: blocks all over a full cache are overwritten, each into a free slot, and the
 * old slot is freed by the commit, as the engine does it. No data are written, and commits follow one another without a
 * pause. Prints one JSON object.
 */
public final class MetadataChurn {

    /** Slots kept free, of a hundred. */
    private static final int FREE_PERCENT = 2;

    private static final int SEED = 7;

    private final BlockShape shape = new BlockShape(4096);
    private final SlotTable slots;
    private final SlotAllocator allocator;
    private final EpochWriter writer;
    private final Random random = new Random(SEED);
    private final int[] retired;
    private int retiredCount;

    private MetadataChurn(MetadataStore store, int slotCount, int maxChanges) throws MetadataException {
        slots = new SlotTable(slotCount, shape);
        allocator = new SlotAllocator(slotCount);
        writer = new EpochWriter(store, slots, shape, maxChanges);
        retired = new int[maxChanges];
    }

    /** Arguments: metadata directory, slots, changes to make, changes in a commit, memory of the store in bytes. */
    public static void main(String[] arguments) throws IOException, MetadataException {
        if (arguments.length != 5) {
            throw new IllegalArgumentException("arguments: METADATA_DIRECTORY SLOTS CHANGES PER_COMMIT MEMORY_BYTES");
        }
        Path directory = Path.of(arguments[0]);
        int slotCount = Integer.parseInt(arguments[1]);
        long changes = Long.parseLong(arguments[2]);
        int perCommit = Integer.parseInt(arguments[3]);
        MetaOptions options = MetaOptions.DEFAULT.withMemoryBytes(Long.parseLong(arguments[4]));
        try (StoreLoop loop = new StoreLoop();
                Footprint footprint = new Footprint(directory)) {
            MetadataStore store = RocksMetadataStore.create(directory, options, loop.loop());
            MetadataChurn filling = new MetadataChurn(store, slotCount, 16_384);
            filling.fill();
            MetadataChurn churn = new MetadataChurn(store, slotCount, perCommit);
            churn.takeOver();
            footprint.begin();
            long startNs = System.nanoTime();
            churn.run(changes);
            double seconds = (System.nanoTime() - startNs) / 1e9;
            long writtenBytes = footprint.writtenBytes();
            long liveBytes = Footprint.liveBytes(store);
            store.close();
            churn.print(seconds, writtenBytes, footprint, liveBytes);
        }
    }

    private void fill() throws MetadataException {
        int used = slots.slots() - (int) (slots.slots() * (long) FREE_PERCENT / 100);
        for (int slot = 0; slot < used; slot++) {
            slots.map(slot, 0, slot, SlotTable.CLEAN, shape.fullMask(), slot);
            if (writer.change(slot)) {
                writer.commit(batch -> {});
            }
        }
        writer.commit(batch -> {});
    }

    /** The slots are as the store has them. */
    private void takeOver() {
        for (int slot = 0; slot < slots.slots(); slot++) {
            if (slots.state(slot) == SlotTable.FREE) {
                allocator.free(slot);
            }
        }
    }

    private void run(long changes) throws MetadataException {
        while (writer.changes() < changes) {
            if (!overwrite()) {
                commit();
            }
        }
    }

    /** False if it must be committed first. */
    private boolean overwrite() throws MetadataException {
        long run = allocator.allocateRun(1);
        if (run < 0) {
            return false;
        }
        int slot = SlotAllocator.runStart(run);
        int old = anyMapped();
        slots.map(slot, 0, slots.block(old), SlotTable.DIRTY, shape.fullMask(), random.nextInt());
        slots.retire(old);
        retired[retiredCount++] = old;
        boolean full = writer.change(slot);
        return !(full || writer.change(old));
    }

    private int anyMapped() {
        int slot = random.nextInt(slots.slots());
        while (!slots.isMapped(slot)) {
            slot = random.nextInt(slots.slots());
        }
        return slot;
    }

    private void commit() throws MetadataException {
        writer.commit(batch -> {});
        for (int i = 0; i < retiredCount; i++) {
            slots.free(retired[i]);
            allocator.free(retired[i]);
        }
        retiredCount = 0;
    }

    private void print(double seconds, long writtenBytes, Footprint footprint, long liveBytes) {
        long changes = writer.changes();
        System.out.printf(
                "{\"slots\": %d, \"changes\": %d, \"commits\": %d, \"changes_per_commit\": %.0f, \"seconds\": %.1f,%n"
                        + " \"batch_bytes_per_change\": %.1f, \"written_bytes_per_change\": %.1f,%n"
                        + " \"peak_mib\": %d, \"live_mib\": %d, \"peak_to_live\": %.2f,%n"
                        + " \"commit_ms\": {\"mean\": %.2f, \"p99\": %.2f, \"max\": %.2f},%n"
                        + " \"loop_ms\": {\"mean\": %.3f, \"p99\": %.3f, \"max\": %.3f}}%n",
                slots.slots(),
                changes,
                writer.commits(),
                (double) changes / writer.commits(),
                seconds,
                (double) writer.encodedBytes() / changes,
                (double) writtenBytes / changes,
                footprint.peakBytes() >> 20,
                liveBytes >> 20,
                (double) footprint.peakBytes() / liveBytes,
                writer.durations().meanMs(),
                writer.durations().percentileMs(99),
                writer.durations().percentileMs(100),
                writer.encodings().meanMs(),
                writer.encodings().percentileMs(99),
                writer.encodings().percentileMs(100));
    }
}
