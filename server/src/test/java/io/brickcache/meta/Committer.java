package io.brickcache.meta;

import static io.brickcache.cache.index.MetadataStoreContract.key;

import io.brickcache.cache.index.ExecutorLoop;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.MetadataStoreContract;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** A process that commits numbered batches until it is killed, printing each number when its callback has come. */
public final class Committer {

    static final MetaOptions OPTIONS = new MetaOptions(MetaOptions.MIN_MEMORY_BYTES, 1 << 20, 64);
    static final int SLOTS = 50;
    static final int SLOT_INTS = 300;

    private Committer() {}

    /** The only argument is the directory of the store, made if it is missing. */
    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        ExecutorLoop loop = new ExecutorLoop();
        MetadataStore store = Files.exists(directory)
                ? RocksMetadataStore.openExisting(directory, OPTIONS, loop)
                : RocksMetadataStore.create(directory, OPTIONS, loop);
        for (int number = CommitterProcess.verify(store) + 1; ; number++) {
            MetadataBatch batch = new MetadataBatch();
            fill(batch, number);
            if (MetadataStoreContract.outcomeOf(store, batch, loop).isPresent()) {
                System.exit(1);
            }
            System.out.println(number);
            System.out.flush();
        }
    }

    /** Every batch rewrites the same slots, each filled with its number, and replaces its predecessor's brick. */
    private static void fill(MetadataBatch batch, int number) {
        for (int slot = 0; slot < SLOTS; slot++) {
            ByteBuffer value = batch.beginPut(Family.SLOTS, key(slot), SLOT_INTS * Integer.BYTES);
            for (int i = 0; i < SLOT_INTS; i++) {
                value.putInt(number);
            }
            batch.endPut();
        }
        batch.delete(Family.BRICKS, key(number - 1));
        batch.put(Family.BRICKS, key(number), key(number));
    }
}
