package io.brickcache.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.MetadataStoreContract;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;

class RocksMetadataStoreTest extends MetadataStoreContract {

    private static final MetaOptions OPTIONS = new MetaOptions(MetaOptions.MIN_MEMORY_BYTES, 1 << 20, 64);

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("meta");
    }

    @Override
    protected MetadataStore create() throws Exception {
        return RocksMetadataStore.create(directory(), OPTIONS, loop);
    }

    @Override
    protected MetadataStore reopen(MetadataStore store) throws Exception {
        store.close();
        return RocksMetadataStore.openExisting(directory(), OPTIONS, loop);
    }

    @Test
    void shouldRefuseToCreateWhenTheDirectoryIsNotEmpty() {
        assertKind(() -> RocksMetadataStore.create(directory(), OPTIONS, loop), Kind.MISMATCH, "not empty");
    }

    @Test
    void shouldNameTheFormatWhenAStoreHasOtherFamilies() throws Exception {
        Path old = Files.createDirectory(temporary.resolve("old"));
        RocksDB.loadLibrary();
        try (Options made = new Options().setCreateIfMissing(true);
                RocksDB database = RocksDB.open(made, old.toString())) {
            database.createColumnFamily(new ColumnFamilyDescriptor("slots".getBytes(StandardCharsets.UTF_8)))
                    .close();
        }

        assertKind(() -> RocksMetadataStore.openExisting(old, OPTIONS, loop), Kind.MISMATCH, "another format");
        assertKind(
                () -> RocksMetadataStore.openExisting(old, OPTIONS, loop),
                Kind.MISMATCH,
                "Use the version of brickcached that wrote it");
    }

    @Test
    void shouldRefuseToOpenWhenThereIsNoStore() throws Exception {
        Path missing = temporary.resolve("missing");
        Path empty = Files.createDirectory(temporary.resolve("empty"));
        Path other = Files.createDirectory(temporary.resolve("other"));
        Files.writeString(other.resolve("letter.txt"), "not a database");

        assertKind(() -> RocksMetadataStore.openExisting(missing, OPTIONS, loop), Kind.IO, "does not exist");
        assertThat(missing).doesNotExist();
        assertKind(() -> RocksMetadataStore.openExisting(empty, OPTIONS, loop), Kind.IO, "is empty");
        assertThat(empty).isEmptyDirectory();
        assertKind(() -> RocksMetadataStore.openExisting(other, OPTIONS, loop), Kind.CORRUPT, "no metadata store");
    }

    @Test
    void shouldSayWhoIsInTheWayWhenTheStoreIsOpenElsewhere() {
        assertKind(() -> RocksMetadataStore.openExisting(directory(), OPTIONS, loop), Kind.IO, "in use by another");
    }

    @Test
    void shouldSayWhoIsInTheWayWhenAnotherProcessHasTheStoreOpen() throws Exception {
        Path elsewhere = temporary.resolve("elsewhere");
        try (CommitterProcess committer = CommitterProcess.start(elsewhere)) {
            committer.awaitCommit(1);
            assertKind(() -> RocksMetadataStore.openExisting(elsewhere, OPTIONS, loop), Kind.IO, "in use by another");
        }
    }

    @Test
    void shouldReportCorruptionWhenTheMiddleOfTheLogIsDamaged() throws Exception {
        Path log = damagedLog(20);
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
            long middle = file.length() / 2;
            file.seek(middle);
            int old = file.read();
            file.seek(middle);
            file.write(old ^ 0x55);
        }

        assertKind(
                () -> RocksMetadataStore.openExisting(directory(), OPTIONS, loop),
                Kind.CORRUPT,
                directory().toString());
    }

    @Test
    void shouldKeepAllBatchesBeforeWhenTheLastOneIsTorn() throws Exception {
        Path log = damagedLog(20);
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
            file.setLength(file.length() - 100);
        }

        try (MetadataStore store = RocksMetadataStore.openExisting(directory(), OPTIONS, loop)) {
            assertThat(records(store, Family.SLOTS)).hasSize(19);
            MetadataBatch batch = new MetadataBatch();
            batch.put(Family.SLOTS, key(100), bytes("goes on"));
            assertThat(outcomeOf(store, batch, loop)).isEmpty();
        }
        try (MetadataStore store = RocksMetadataStore.openExisting(directory(), OPTIONS, loop)) {
            assertThat(records(store, Family.SLOTS)).hasSize(20);
        }
    }

    @Test
    void shouldReportCorruptionWhenATableIsDamagedOrGone() throws Exception {
        try (MetadataStore store = RocksMetadataStore.create(temporary.resolve("tables"), OPTIONS, loop)) {
            MetadataBatch batch = new MetadataBatch();
            for (int round = 0; round < 8; round++) {
                batch.clear();
                for (int i = 0; i < 300; i++) {
                    batch.put(Family.SLOTS, key(i), new byte[4000]);
                }
                assertThat(outcomeOf(store, batch, loop)).isEmpty();
            }
        }
        List<Path> tables = files(temporary.resolve("tables"), ".sst");
        assertThat(tables).isNotEmpty();
        for (Path table : tables) {
            try (RandomAccessFile file = new RandomAccessFile(table.toFile(), "rw")) {
                file.seek(file.length() / 3);
                file.write(new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
            }
        }

        assertKind(() -> scanSlots(temporary.resolve("tables")), Kind.CORRUPT, "tables");
        for (Path table : tables) {
            Files.delete(table);
        }
        assertKind(() -> scanSlots(temporary.resolve("tables")), Kind.CORRUPT, "tables");
    }

    @Test
    void shouldReportMismatchWhenAFamilyIsMissing() throws Exception {
        Path foreign = temporary.resolve("foreign");
        try (org.rocksdb.Options options = new org.rocksdb.Options().setCreateIfMissing(true);
                org.rocksdb.RocksDB other = org.rocksdb.RocksDB.open(options, foreign.toString())) {
            other.put(bytes("someone"), bytes("else's"));
        }

        assertKind(() -> RocksMetadataStore.openExisting(foreign, OPTIONS, loop), Kind.MISMATCH, "foreign");
    }

    @Test
    void shouldHoldWhatWasAnsweredAndNothingHalfWhenTheProcessIsKilled() throws Exception {
        Path killed = temporary.resolve("killed");
        int answered = 0;
        for (int round = 1; round <= 3; round++) {
            try (CommitterProcess committer = CommitterProcess.start(killed)) {
                committer.awaitCommit(answered + 40 * round);
                answered = committer.kill();
            }
            try (MetadataStore store = RocksMetadataStore.openExisting(killed, OPTIONS, loop)) {
                int last = CommitterProcess.verify(store);
                assertThat(last).isBetween(answered, answered + 1);
                answered = last;
            }
        }
    }

    @Test
    void shouldLeaveNoLibraryBehindWhenTheProcessIsKilled() throws Exception {
        Path killed = temporary.resolve("killed");
        try (CommitterProcess committer = CommitterProcess.start(killed)) {
            committer.awaitCommit(1);
            committer.kill();
        }
        assertThat(CommitterProcess.libraries(killed)).isEmptyDirectory();
    }

    @Test
    void shouldKeepItsFilesFewWhenReopenedOften() throws Exception {
        Path often = temporary.resolve("often");
        RocksMetadataStore.create(often, OPTIONS, loop).close();
        for (int i = 0; i < 12; i++) {
            RocksMetadataStore.openExisting(often, OPTIONS, loop).close();
        }
        try (Stream<Path> entries = Files.list(often)) {
            assertThat(entries.filter(file -> file.getFileName().toString().startsWith("LOG")))
                    .hasSizeLessThanOrEqualTo(5);
        }
        assertThat(Files.size(often.resolve("ballast"))).isEqualTo(OPTIONS.ballastBytes());
    }

    private void scanSlots(Path directory) throws MetadataException {
        try (MetadataStore store = RocksMetadataStore.openExisting(directory, OPTIONS, loop)) {
            records(store, Family.SLOTS);
        }
    }

    /** Commits batches of one slot each, closes the store and returns its only log that holds something. */
    private Path damagedLog(int batches) throws Exception {
        for (int i = 0; i < batches; i++) {
            MetadataBatch batch = new MetadataBatch();
            byte[] value = new byte[2000];
            java.util.Arrays.fill(value, (byte) (i + 1));
            batch.put(Family.SLOTS, key(i), value);
            commit(batch);
        }
        store.close();
        return files(directory(), ".log").stream()
                .max(Comparator.comparingLong(file -> file.toFile().length()))
                .orElseThrow();
    }

    private static List<Path> files(Path directory, String suffix) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(file -> file.toString().endsWith(suffix)).toList();
        }
    }

    private static void assertKind(
            org.assertj.core.api.ThrowableAssert.ThrowingCallable call, Kind kind, String... words) {
        assertThatThrownBy(call)
                .asInstanceOf(InstanceOfAssertFactories.type(MetadataException.class))
                .satisfies(e -> assertThat(e.kind()).as(e.getMessage()).isEqualTo(kind))
                .satisfies(e -> assertThat(e).hasMessageContainingAll(words));
    }
}
