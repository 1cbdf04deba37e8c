package io.brickcache.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.MetadataStoreContract;
import io.brickcache.nbd.MemoryDevice;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store of a real cache: RocksDB behind a commit log, with a spare journal in a file. */
class MetadataStoresTest extends MetadataStoreContract {

    private static final MetaOptions OPTIONS = new MetaOptions(MetaOptions.MIN_MEMORY_BYTES, 1 << 20, 64);
    private static final UUID CACHE = new UUID(3, 5);

    private final MemoryDevice ssd = MemoryDevice.ofSize(256 << 10).answering(MemoryDevice.Answer.ON_EXECUTOR, loop);

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("meta");
    }

    private Path journal() {
        return FileSpareJournal.path(temporary.resolve("state"), CACHE);
    }

    private CommitLog log() {
        return new CommitLog(ssd, 0, ByteBuffer.wrap(ssd.content()), CACHE);
    }

    @Override
    protected MetadataStore create() throws Exception {
        return MetadataStores.create(directory(), log(), journal(), CACHE, OPTIONS, loop);
    }

    @Override
    protected MetadataStore reopen(MetadataStore store) throws Exception {
        store.close();
        return MetadataStores.openExisting(directory(), log(), journal(), CACHE, OPTIONS, loop);
    }

    @Test
    void shouldLayTheJournalOverTheStoreWhenOneWasLeft() throws Exception {
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.SLOTS, key(1), bytes("of the store"));
        batch.put(Family.SLOTS, key(3), bytes("of the store"));
        batch.put(Family.SLOTS, key(5), bytes("of the store"));
        commit(batch);
        store.close();
        try (SpareFile file = new SpareFile(journal(), CACHE, SpareFile.COMPACT_BYTES)) {
            file.open();
            batch.clear();
            batch.put(Family.SLOTS, key(2), bytes("spared"));
            batch.delete(Family.SLOTS, key(3));
            file.append(batch);
            batch.clear();
            batch.put(Family.SLOTS, key(5), bytes("spared"));
            batch.put(Family.SLOTS, key(9), bytes("spared"));
            file.append(batch);
        }

        store = MetadataStores.openExisting(directory(), log(), journal(), CACHE, OPTIONS, loop);
        assertThat(records(store, Family.SLOTS))
                .containsExactly(
                        new Entry(key(1), bytes("of the store")),
                        new Entry(key(2), bytes("spared")),
                        new Entry(key(5), bytes("spared")),
                        new Entry(key(9), bytes("spared")));
    }

    @Test
    void shouldRefuseToOpenWhenTheJournalIsAnotherCaches() throws Exception {
        store.close();
        try (SpareFile file = new SpareFile(journal(), new UUID(8, 8), SpareFile.COMPACT_BYTES)) {
            file.open();
            MetadataBatch batch = new MetadataBatch();
            batch.put(Family.SLOTS, key(2), bytes("foreign"));
            file.append(batch);
        }
        assertThatThrownBy(() -> MetadataStores.openExisting(directory(), log(), journal(), CACHE, OPTIONS, loop))
                .isInstanceOfSatisfying(
                        MetadataException.class, e -> assertThat(e.kind()).isEqualTo(Kind.MISMATCH))
                .hasMessageContaining(journal().toString());
        // Nothing is left open.
        RocksMetadataStore.openExisting(directory(), OPTIONS, loop).close();
    }
}
