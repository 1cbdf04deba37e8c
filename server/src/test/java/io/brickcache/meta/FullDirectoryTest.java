package io.brickcache.meta;

import static io.brickcache.cache.index.MetadataStoreContract.key;
import static io.brickcache.cache.index.MetadataStoreContract.outcomeOf;
import static io.brickcache.cache.index.MetadataStoreContract.records;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.cache.index.ExecutorLoop;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.MetadataStoreContract.Entry;
import io.brickcache.nbd.MemoryDevice;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A store on a small file system of its own that is filled to the last byte. Needs the right to mount. */
@Timeout(180)
@Tag("root")
class FullDirectoryTest {

    private static final int FILE_SYSTEM_MIB = 24;
    private static final MetaOptions OPTIONS = new MetaOptions(MetaOptions.MIN_MEMORY_BYTES, 4 << 20, 64);

    @TempDir
    private Path mountPoint;

    private final ExecutorLoop loop = new ExecutorLoop();
    private final MemoryDevice ssd = MemoryDevice.ofSize(256 << 10).answering(MemoryDevice.Answer.ON_EXECUTOR, loop);
    private final TreeMap<Integer, byte[]> model = new TreeMap<>();
    private final Random random = new Random(42);

    @BeforeEach
    void mount() throws Exception {
        run("mount", "-t", "tmpfs", "-o", "size=" + FILE_SYSTEM_MIB + "m", "brickcache-test", mountPoint.toString());
    }

    @AfterEach
    void unmount() throws Exception {
        loop.close();
        run("umount", mountPoint.toString());
    }

    @Test
    void shouldGiveUpTheBallastAndThenFailCleanlyWhenTheDirectoryIsFull() throws Exception {
        Path directory = mountPoint.resolve("meta");
        Path ballast = directory.resolve("ballast");
        Path filler = mountPoint.resolve("filler");
        try (MetadataStore store = RocksMetadataStore.create(directory, OPTIONS, loop)) {
            assertThat(commit(store)).isEmpty();
            assertThat(ballast).hasSize(OPTIONS.ballastBytes());
            fill(filler);

            int withBallast = 0;
            while (Files.exists(ballast)) {
                assertThat(commit(store)).isEmpty();
                assertThat(++withBallast).as("commits before the ballast goes").isLessThan(10_000);
                fill(filler);
            }
            assertHolds(store);

            // Two in a row: the second finds the database closed. RocksDB deletes old files whenever it is done with
            // them, and a commit for which there is room again succeeds.
            for (int i = 0, failures = 0; failures < 2; i++) {
                assertThat(i).as("commits before two failures").isLessThan(10_000);
                fill(filler);
                Optional<MetadataException> failure = commit(store);
                failures = failure.isPresent() ? failures + 1 : 0;
                if (failure.isPresent()) {
                    assertThat(failure.get().kind()).isEqualTo(Kind.NO_SPACE);
                    assertThat(failure.get()).hasMessageContainingAll(directory.toString(), "Free some space");
                }
            }

            Files.delete(filler);
            assertHolds(store);
            assertThat(commit(store)).isEmpty();
            assertThat(commit(store)).isEmpty();
            assertThat(ballast).hasSize(OPTIONS.ballastBytes());
            assertHolds(store);
        }
        try (MetadataStore store = RocksMetadataStore.openExisting(directory, OPTIONS, loop)) {
            assertHolds(store);
        }
    }

    @Test
    void shouldGoOnInTheSpareJournalWhenTheDirectoryIsFullAndReturnWhenItHasRoom(@TempDir Path state) throws Exception {
        Path directory = mountPoint.resolve("meta");
        Path filler = mountPoint.resolve("filler");
        UUID cache = new UUID(7, 11);
        Path journal = FileSpareJournal.path(state, cache);
        try (MetadataStore store = MetadataStores.create(directory, log(cache), journal, cache, OPTIONS, loop)) {
            CompletableFuture<MetadataException> failing = new CompletableFuture<>();
            loop.execute(() -> store.watch(watcher(failing, new CompletableFuture<>())));
            for (int i = 0; !failing.isDone(); i++) {
                assertThat(i).as("commits before a failure").isLessThan(20_000);
                fill(filler);
                assertThat(commit(store)).isEmpty();
            }
            assertThat(failing.get().kind()).isEqualTo(Kind.NO_SPACE);
            for (int i = 0; i < 50; i++) {
                fill(filler);
                assertThat(commit(store)).isEmpty();
            }
            assertThat(journal).isNotEmptyFile();
            assertHolds(store);
        }
        // Still full: the records are those of both.
        CompletableFuture<Void> recovered = new CompletableFuture<>();
        try (MetadataStore store = MetadataStores.openExisting(directory, log(cache), journal, cache, OPTIONS, loop)) {
            assertHolds(store);
            loop.execute(() -> store.watch(watcher(new CompletableFuture<>(), recovered)));
            assertThat(commit(store)).isEmpty();

            Files.delete(filler);
            recovered.get(60, TimeUnit.SECONDS);
            assertThat(journal).doesNotExist();
            assertHolds(store);
            assertThat(commit(store)).isEmpty();
        }
        try (MetadataStore store = RocksMetadataStore.openExisting(directory, OPTIONS, loop)) {
            assertHolds(store);
        }
    }

    @Test
    void shouldFailAndHoldTheStateBeforeWhenTheSpareJournalHasNoRoomEither() throws Exception {
        Path directory = mountPoint.resolve("meta");
        Path filler = mountPoint.resolve("filler");
        UUID cache = new UUID(7, 13);
        Path journal = FileSpareJournal.path(mountPoint, cache);
        try (MetadataStore store = MetadataStores.create(directory, log(cache), journal, cache, OPTIONS, loop)) {
            Optional<MetadataException> failure = Optional.empty();
            for (int i = 0; failure.isEmpty(); i++) {
                assertThat(i).as("commits before a failure").isLessThan(20_000);
                fill(filler);
                failure = commit(store);
            }
            assertThat(failure.get().kind()).isEqualTo(Kind.NO_SPACE);
            assertThat(failure.get()).hasMessageContainingAll(directory.toString(), "Free some space");
            assertHolds(store);

            Files.delete(filler);
            for (int i = 0; commit(store).isPresent(); i++) {
                assertThat(i).as("commits until it works again").isLessThan(100_000);
            }
            assertHolds(store);
        }
        try (MetadataStore store = MetadataStores.openExisting(directory, log(cache), journal, cache, OPTIONS, loop)) {
            assertHolds(store);
        }
    }

    private CommitLog log(UUID cache) {
        return new CommitLog(ssd, 0, ByteBuffer.wrap(ssd.content()), cache);
    }

    private static MetadataStore.Watcher watcher(
            CompletableFuture<MetadataException> failing, CompletableFuture<Void> recovered) {
        return new MetadataStore.Watcher() {
            @Override
            public void sparing(MetadataException cause) {
                failing.complete(cause);
            }

            @Override
            public void recovered() {
                recovered.complete(null);
            }
        };
    }

    @Test
    void shouldRefuseToCreateWhenThereIsNoRoomForTheBallast() throws Exception {
        MetaOptions large = new MetaOptions(MetaOptions.MIN_MEMORY_BYTES, (FILE_SYSTEM_MIB + 1) << 20, 64);
        assertThatThrownBy(() -> RocksMetadataStore.create(mountPoint.resolve("meta"), large, loop))
                .isInstanceOfSatisfying(
                        MetadataException.class, e -> assertThat(e.kind()).isEqualTo(Kind.NO_SPACE));
        assertThat(mountPoint.resolve("meta/ballast")).doesNotExist();
    }

    /** Commits a few random records; the model follows if that succeeds. */
    private Optional<MetadataException> commit(MetadataStore store) throws Exception {
        MetadataBatch batch = new MetadataBatch();
        TreeMap<Integer, byte[]> after = new TreeMap<>(model);
        for (int i = 0; i < 20; i++) {
            int slot = random.nextInt(200);
            byte[] value = new byte[700];
            random.nextBytes(value);
            batch.put(Family.SLOTS, key(slot), value);
            after.put(slot, value);
        }
        Optional<MetadataException> outcome = outcomeOf(store, batch, loop);
        if (outcome.isEmpty()) {
            model.clear();
            model.putAll(after);
        }
        return outcome;
    }

    private void assertHolds(MetadataStore store) throws MetadataException {
        List<Entry> expected = new ArrayList<>();
        model.forEach((slot, value) -> expected.add(new Entry(key(slot), value)));
        assertThat(records(store, Family.SLOTS)).isEqualTo(expected);
    }

    /** Appends to the file until nothing fits any more. */
    private static void fill(Path filler) throws IOException {
        byte[] piece = new byte[4096];
        new Random(1).nextBytes(piece);
        try (OutputStream out = Files.newOutputStream(
                filler, java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND)) {
            while (true) {
                out.write(piece);
            }
        } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).contains("No space left")) {
                throw e;
            }
        }
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as("%s: %s", String.join(" ", command), output)
                .isZero();
    }
}
