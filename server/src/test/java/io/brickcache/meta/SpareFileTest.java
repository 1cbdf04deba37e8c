package io.brickcache.meta;

import static io.brickcache.cache.index.MetadataStoreContract.bytes;
import static io.brickcache.cache.index.MetadataStoreContract.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore.Family;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpareFileTest {

    private static final UUID CACHE = new UUID(0x0123456789abcdefL, 0x8765432112345678L);

    @TempDir
    private Path temporary;

    private Path path;

    @BeforeEach
    void name() {
        path = temporary.resolve("state/spare/cache.journal");
    }

    @Test
    void shouldMakeNoFileWhenNothingIsAppended() throws Exception {
        try (SpareFile file = open(path)) {
            assertThat(file.sizeBytes()).isZero();
            file.remove();
        }
        assertThat(path.getParent()).doesNotExist();
    }

    @Test
    void shouldHoldTheBatchesInOrderWhenReopened() throws Exception {
        write(3);
        try (SpareFile file = open(path)) {
            assertThat(contents(file, 0)).containsExactly("1: batch 1", "2: batch 2", "3: batch 3");
            assertThat(contents(file, 2)).containsExactly("3: batch 3");
            file.append(batch("batch 4"));
            assertThat(contents(file, 2)).containsExactly("3: batch 3", "4: batch 4");
        }
    }

    @Test
    void shouldPassOverTheLastBatchOnlyWhenTheFileIsCutAtAnyByte() throws Exception {
        List<Long> ends = write(3);
        byte[] whole = Files.readAllBytes(path);
        for (int length = SpareRecord.HEADER_BYTES; length < whole.length; length++) {
            Files.write(path, Arrays.copyOf(whole, length));
            int before = length;
            try (SpareFile file = open(path)) {
                long kept = ends.stream().filter(end -> end <= before).count();
                assertThat(contents(file, 0)).as("cut at %d", length).hasSize((int) kept);
                file.append(batch("goes on"));
            }
            try (SpareFile file = open(path)) {
                assertThat(contents(file, 0))
                        .as("cut at %d", length)
                        .last()
                        .asString()
                        .endsWith(": goes on");
            }
        }
    }

    @Test
    void shouldReportCorruptionWhenAnyByteBeforeTheLastBatchIsDamaged() throws Exception {
        List<Long> ends = write(3);
        byte[] whole = Files.readAllBytes(path);
        for (int at = 0; at < ends.get(1); at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 0x20;
            Files.write(path, damaged);
            assertThatThrownBy(() -> open(path).close())
                    .as("byte %d", at)
                    .isInstanceOfSatisfying(
                            MetadataException.class, e -> assertThat(e.kind()).isIn(Kind.CORRUPT, Kind.MISMATCH))
                    .hasMessageContaining(path.toString());
        }
    }

    @Test
    void shouldPassOverTheLastBatchWhenOnlyItIsDamaged() throws Exception {
        List<Long> ends = write(3);
        byte[] whole = Files.readAllBytes(path);
        for (int at = (int) (long) ends.get(1); at < whole.length; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 0x20;
            Files.write(path, damaged);
            try (SpareFile file = open(path)) {
                assertThat(contents(file, 0)).as("byte %d", at).hasSize(2);
            }
        }
    }

    /** A record is larger than what is read at once; the whole one behind it begins at every place around a piece's end. */
    @Test
    void shouldFindTheWholeBatchWhenALargeOneBeforeItIsDamaged() throws Exception {
        for (int bytes = -20; bytes < 20; bytes++) {
            Files.deleteIfExists(path);
            try (SpareFile file = open(path)) {
                file.append(batch("x".repeat(2 * SpareReader.PIECE_BYTES + bytes)));
                file.append(batch("whole"));
            }
            byte[] whole = Files.readAllBytes(path);
            try (SpareFile file = open(path)) {
                assertThat(contents(file, 1)).containsExactly("2: whole");
            }
            whole[SpareReader.PIECE_BYTES] ^= 1;
            Files.write(path, whole);
            assertThatThrownBy(() -> open(path).close())
                    .as("%d bytes more", bytes)
                    .isInstanceOfSatisfying(
                            MetadataException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CORRUPT));
        }
    }

    @Test
    void shouldNameTheFileWhenAWholeRecordHoldsNoBatch() throws Exception {
        ByteBuffer nonsense = ByteBuffer.wrap(bytes("no entries at all"));
        assertRefused(1, nonsense, "at byte 32");
    }

    /** The numbers behind it would be negative: a batch that is appended would be taken for an old one. */
    @Test
    void shouldRefuseWhenThereIsNoNumberLeft() throws Exception {
        assertRefused(Long.MAX_VALUE, batch("last").encoded(), "number " + Long.MAX_VALUE);
    }

    private void assertRefused(long number, ByteBuffer body, String message) throws Exception {
        Files.createDirectories(path.getParent());
        try (FileChannel out = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            out.write(SpareRecord.header(CACHE));
            out.write(SpareRecord.head(number, body));
            out.write(body);
        }
        assertThatThrownBy(() -> open(path).close())
                .isInstanceOfSatisfying(
                        MetadataException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CORRUPT))
                .hasMessageContainingAll(path.toString(), message);
    }

    @Test
    void shouldRefuseWhenTheJournalIsAnotherCaches() throws Exception {
        write(1);
        UUID other = new UUID(1, 2);
        assertThatThrownBy(() -> new SpareFile(path, other, 1000).open())
                .isInstanceOfSatisfying(
                        MetadataException.class, e -> assertThat(e.kind()).isEqualTo(Kind.MISMATCH))
                .hasMessageContainingAll(CACHE.toString(), other.toString());
    }

    @Test
    void shouldKeepOnlyTheLastValuesWhenItHasGrown() throws Exception {
        try (SpareFile file = new SpareFile(path, CACHE, 10_000)) {
            file.open();
            for (int i = 0; i < 2000; i++) {
                MetadataBatch batch = new MetadataBatch();
                batch.put(Family.SLOTS, key(i % 10), bytes("value " + i));
                batch.put(Family.JOURNAL, key(i), bytes("epoch " + i));
                batch.deleteRange(Family.JOURNAL, key(Math.max(0, i - 20)), key(i - 3));
                file.append(batch);
                if (file.wantsCompaction()) {
                    file.compact(0);
                }
                assertThat(file.sizeBytes()).isLessThan(25_000);
            }
        }
        try (SpareFile file = open(path)) {
            Overlay slots = new Overlay(Family.SLOTS);
            Overlay journal = new Overlay(Family.JOURNAL);
            file.scan(0, (number, batch) -> {
                slots.add(batch);
                journal.add(batch);
            });
            List<String> values = new ArrayList<>();
            slots.scan(below -> {}, (key, value) -> values.add(text(value)));
            assertThat(values).hasSize(10).contains("value 1990", "value 1999");
            List<Integer> epochs = new ArrayList<>();
            journal.scan(
                    below -> below.record(ByteBuffer.wrap(key(50)), ByteBuffer.wrap(bytes("old"))),
                    (key, value) -> epochs.add(key.getInt()));
            assertThat(epochs).containsExactly(1996, 1997, 1998, 1999);
        }
    }

    @Test
    void shouldGoOnNumberingWhenItWasRemovedAndWrittenAnew() throws Exception {
        try (SpareFile file = open(path)) {
            file.append(batch("one"));
            file.append(batch("two"));
            file.remove();
            assertThat(path).doesNotExist();
            file.append(batch("three"));
            assertThat(contents(file, 0)).containsExactly("3: three");
            file.compact(0);
            assertThat(contents(file, 0)).containsExactly("4: three");
        }
        try (SpareFile file = open(path)) {
            file.numberFrom(17);
            file.append(batch("four"));
            assertThat(contents(file, 4)).containsExactly("18: four");
        }
    }

    /** Where each of the batches ends. */
    private List<Long> write(int batches) throws MetadataException {
        List<Long> ends = new ArrayList<>();
        try (SpareFile file = open(path)) {
            for (int i = 1; i <= batches; i++) {
                file.append(batch("batch " + i));
                ends.add(file.sizeBytes());
            }
        }
        return ends;
    }

    private static SpareFile open(Path path) throws MetadataException {
        SpareFile file = new SpareFile(path, CACHE, SpareFile.COMPACT_BYTES);
        file.open();
        return file;
    }

    private static MetadataBatch batch(String value) {
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.SLOTS, key(1), bytes(value));
        return batch;
    }

    private static List<String> contents(SpareFile file, long after) throws MetadataException {
        List<String> contents = new ArrayList<>();
        file.scan(after, (number, batch) -> {
            Overlay slots = new Overlay(Family.SLOTS);
            slots.add(batch);
            slots.scan(below -> {}, (key, value) -> contents.add(number + ": " + text(value)));
        });
        return contents;
    }

    private static String text(ByteBuffer value) {
        byte[] bytes = new byte[value.remaining()];
        value.get(bytes);
        return new String(bytes, java.nio.charset.StandardCharsets.UTF_8);
    }
}
