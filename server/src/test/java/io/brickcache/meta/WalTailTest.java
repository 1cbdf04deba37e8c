package io.brickcache.meta;

import static io.brickcache.cache.index.MetadataStoreContract.key;
import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.meta.RocksDatabase.Opening;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalTailTest {

    private static final MetaOptions OPTIONS = new MetaOptions(MetaOptions.MIN_MEMORY_BYTES, 0, 64);

    @TempDir
    private Path directory;

    @Test
    void shouldForgetTheBatchBehindTheTailWhenTheLogIsCut() throws Exception {
        WalTail tail = new WalTail(directory);
        try (RocksDatabase database = RocksDatabase.open(directory, OPTIONS, Opening.CREATE)) {
            tail.locate();
            write(database, 1, 2000);
            assertThat(tail.advance()).isFalse();
            write(database, 2, 3000);
            assertThat(tail.advance()).isFalse();
            write(database, 3, 4000);
        }
        assertThat(slots()).containsExactly(1, 2, 3);

        tail.cut();
        assertThat(slots()).containsExactly(1, 2);
        tail.cut();
        assertThat(slots()).containsExactly(1, 2);
    }

    @Test
    void shouldForgetNewerLogsWhenTheFailedBatchBeganOne() throws Exception {
        WalTail tail = new WalTail(directory);
        try (RocksDatabase database = RocksDatabase.open(directory, OPTIONS, Opening.CREATE)) {
            tail.locate();
            write(database, 1, 2000);
            tail.advance();
        }
        try (RocksDatabase database = RocksDatabase.open(directory, OPTIONS, Opening.EXISTING)) {
            write(database, 2, 2000);
        }
        assertThat(slots()).containsExactly(1, 2);

        tail.cut();
        assertThat(slots()).containsExactly(1);
    }

    @Test
    void shouldFollowWhenRocksBeginsANewLog() throws Exception {
        WalTail tail = new WalTail(directory);
        int newLogs = 0;
        try (RocksDatabase database = RocksDatabase.open(directory, OPTIONS, Opening.CREATE)) {
            tail.locate();
            for (int i = 0; i < 40; i++) {
                write(database, i, 200_000);
                newLogs += tail.advance() ? 1 : 0;
            }
            write(database, 40, 1000);
        }
        assertThat(newLogs).isPositive();

        tail.cut();
        assertThat(slots()).hasSize(40).doesNotContain(40);
    }

    private static void write(RocksDatabase database, int slot, int bytes) throws MetadataException {
        MetadataBatch batch = new MetadataBatch();
        byte[] value = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            value[i] = (byte) (i * 31 + slot);
        }
        batch.put(Family.SLOTS, key(slot), value);
        database.write(batch);
    }

    private List<Integer> slots() throws MetadataException {
        List<Integer> slots = new ArrayList<>();
        try (RocksDatabase database = RocksDatabase.open(directory, OPTIONS, Opening.EXISTING)) {
            database.scan(Family.SLOTS, (key, value) -> slots.add(key.getInt()));
        }
        return slots;
    }
}
