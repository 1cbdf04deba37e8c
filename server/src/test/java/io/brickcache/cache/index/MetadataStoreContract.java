package io.brickcache.cache.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.index.MetadataStore.Family;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link MetadataStore} must do. */
@Timeout(120)
public abstract class MetadataStoreContract {

    protected final ExecutorLoop loop = new ExecutorLoop();
    protected MetadataStore store;

    /** An empty store. */
    protected abstract MetadataStore create() throws Exception;

    /** Closes the store and opens what it left. */
    protected abstract MetadataStore reopen(MetadataStore store) throws Exception;

    @BeforeEach
    void createStore() throws Exception {
        store = create();
    }

    @AfterEach
    protected void closeStore() throws Exception {
        store.close();
        loop.close();
    }

    @Test
    void shouldVisitNothingWhenEmpty() throws Exception {
        for (Family family : Family.values()) {
            assertThat(records(family)).isEmpty();
        }
    }

    @Test
    void shouldScanInUnsignedByteOrderWhenKeysHaveHighBits() throws Exception {
        MetadataBatch batch = new MetadataBatch();
        for (int first : new int[] {0xFF, 0x00, 0x80, 0x7F, 0x01}) {
            batch.put(Family.SLOTS, new byte[] {(byte) first, 1}, new byte[] {(byte) first});
        }
        batch.put(Family.SLOTS, new byte[] {(byte) 0x80}, new byte[] {2});
        commit(batch);

        assertThat(records(Family.SLOTS).stream().map(entry -> hex(entry.key)))
                .containsExactly("0001", "0101", "7f01", "80", "8001", "ff01");
    }

    @Test
    void shouldKeepFamiliesApartWhenKeysAreEqual() throws Exception {
        MetadataBatch batch = new MetadataBatch();
        for (Family family : Family.values()) {
            batch.put(family, key(7), bytes("of " + family));
        }
        commit(batch);

        for (Family family : Family.values()) {
            assertThat(records(family)).containsExactly(new Entry(key(7), bytes("of " + family)));
        }
    }

    @Test
    void shouldApplyEntriesInOrderWhenABatchTouchesAKeyRepeatedly() throws Exception {
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.BRICKS, key(1), bytes("first"));
        batch.put(Family.BRICKS, key(1), bytes("second"));
        batch.put(Family.BRICKS, key(2), bytes("gone"));
        batch.delete(Family.BRICKS, key(2));
        batch.put(Family.BRICKS, key(3), bytes("in range"));
        batch.deleteRange(Family.BRICKS, key(3), key(5));
        batch.put(Family.BRICKS, key(4), bytes("after range"));
        commit(batch);

        assertThat(records(Family.BRICKS))
                .containsExactly(new Entry(key(1), bytes("second")), new Entry(key(4), bytes("after range")));
    }

    @Test
    void shouldDeleteFromInclusiveToExclusiveWhenARangeIsDeleted() throws Exception {
        MetadataBatch batch = new MetadataBatch();
        for (int i = 0; i < 10; i++) {
            batch.put(Family.JOURNAL, key(i), bytes("entry " + i));
            batch.put(Family.HEAT, key(i), bytes("heat " + i));
        }
        commit(batch);
        batch.clear();
        batch.deleteRange(Family.JOURNAL, key(2), key(8));
        batch.deleteRange(Family.JOURNAL, key(9), key(9));
        commit(batch);

        store = reopen(store);
        assertThat(records(Family.JOURNAL).stream()
                        .map(entry -> ByteBuffer.wrap(entry.key).getInt()))
                .containsExactly(0, 1, 8, 9);
        assertThat(records(Family.HEAT)).hasSize(10);
    }

    @Test
    void shouldReturnValuesWholeWhenTheyAreEmptyOrBig() throws Exception {
        Random random = new Random(3);
        byte[] big = new byte[3 << 20];
        random.nextBytes(big);
        byte[] longKey = new byte[1000];
        random.nextBytes(longKey);
        longKey[0] = 1;
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.CACHE, key(1), new byte[0]);
        batch.put(Family.CACHE, longKey, big);
        batch.put(Family.CACHE, new byte[] {2}, bytes("small after big"));
        commit(batch);

        store = reopen(store);
        assertThat(records(Family.CACHE))
                .containsExactly(
                        new Entry(key(1), new byte[0]),
                        new Entry(longKey, big),
                        new Entry(new byte[] {2}, bytes("small after big")));
    }

    @Test
    void shouldSucceedWhenABatchIsEmpty() throws Exception {
        commit(new MetadataBatch());
    }

    @Test
    void shouldCallBackOnTheLoopInOrderWhenBatchesAreHandedOverTogether() throws Exception {
        int batches = 40;
        List<Integer> order = new ArrayList<>();
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            for (int i = 0; i < batches; i++) {
                int number = i;
                MetadataBatch batch = new MetadataBatch();
                batch.put(Family.CACHE, key(0), bytes("version " + number));
                batch.put(Family.SLOTS, key(number), bytes("slot " + number));
                store.commit(batch, failure -> {
                    assertThat(loop.isCurrent()).isTrue();
                    assertThat(failure).isNull();
                    order.add(number);
                    if (order.size() == batches) {
                        done.complete(null);
                    }
                });
            }
        });
        done.get(60, TimeUnit.SECONDS);

        assertThat(order).isSorted().hasSize(batches);
        assertThat(records(Family.CACHE)).containsExactly(new Entry(key(0), bytes("version " + (batches - 1))));
        assertThat(records(Family.SLOTS)).hasSize(batches);
    }

    @Test
    protected void shouldFinishCommitsUnderWayWhenClosed() throws Exception {
        List<CompletableFuture<Optional<MetadataException>>> outcomes = new ArrayList<>();
        loop.call(() -> {
            for (int i = 0; i < 20; i++) {
                MetadataBatch batch = new MetadataBatch();
                batch.put(Family.SLOTS, key(i), bytes("slot " + i));
                CompletableFuture<Optional<MetadataException>> outcome = new CompletableFuture<>();
                store.commit(batch, failure -> outcome.complete(Optional.ofNullable(failure)));
                outcomes.add(outcome);
            }
            store.close();
            store.close();
            return null;
        });
        for (CompletableFuture<Optional<MetadataException>> outcome : outcomes) {
            assertThat(outcome.get(60, TimeUnit.SECONDS)).isEmpty();
        }
        MetadataBatch late = new MetadataBatch();
        late.put(Family.SLOTS, key(99), bytes("late"));
        assertThat(outcomeOf(late)).get().extracting(MetadataException::kind).isEqualTo(MetadataException.Kind.IO);

        store = reopen(store);
        assertThat(records(Family.SLOTS)).hasSize(20);
    }

    @Test
    void shouldEqualAModelWhenThousandsOfRandomEntriesAreCommittedAndReopened() throws Exception {
        long seed = 20_261_122;
        Random random = new Random(seed);
        TreeMap<Integer, byte[]> model = new TreeMap<>(Integer::compareUnsigned);
        MetadataBatch batch = new MetadataBatch();
        for (int round = 0; round < 30; round++) {
            batch.clear();
            for (int i = 0; i < 300; i++) {
                int slot = random.nextInt(4000);
                int kind = random.nextInt(20);
                if (kind == 0) {
                    int end = slot + random.nextInt(200);
                    batch.deleteRange(Family.SLOTS, key(slot), key(end));
                    model.subMap(slot, end).clear();
                } else if (kind < 5) {
                    batch.delete(Family.SLOTS, key(slot));
                    model.remove(slot);
                } else {
                    byte[] value = new byte[random.nextInt(900)];
                    random.nextBytes(value);
                    batch.put(Family.SLOTS, key(slot), value);
                    model.put(slot, value);
                }
            }
            commit(batch);
            if (round % 10 == 9) {
                store = reopen(store);
            }
        }

        List<Entry> expected = new ArrayList<>();
        model.forEach((slot, value) -> expected.add(new Entry(key(slot), value)));
        assertThat(records(Family.SLOTS)).as("seed %d", seed).isEqualTo(expected);
        assertThat(store.sizeBytes()).isPositive();
    }

    @Test
    void shouldVisitEachRecordInItsPartWhenScannedInParts() throws Exception {
        MetadataBatch batch = new MetadataBatch();
        for (int i = 0; i < 1000; i++) {
            // The first byte is from 0x7E to 0x82, so that signed comparison would find another order.
            batch.put(Family.SLOTS, key(0x7E00_0000 + i * 0x0001_1111), bytes("group " + i));
        }
        batch.put(Family.SLOTS, new byte[] {(byte) 0x80}, bytes("shorter than a bound that it begins"));
        commit(batch);
        batch.clear();
        batch.deleteRange(Family.SLOTS, key(0x7F00_0000), key(0x7F10_0000));
        batch.put(Family.SLOTS, key(0x7F08_0000), bytes("again"));
        commit(batch);
        List<byte[]> bounds =
                List.of(key(0), key(0x7E00_0000), key(0x7F08_0000), key(0x8000_0000), key(0x8001_0000), key(-1));
        List<List<Entry>> parts = new ArrayList<>();
        List<MetadataStore.Visitor> visitors = new ArrayList<>();
        for (int part = 0; part <= bounds.size(); part++) {
            List<Entry> seen = new ArrayList<>();
            parts.add(seen);
            visitors.add((key, value) -> seen.add(new Entry(copy(key), copy(value))));
        }

        loop.call(() -> {
            store.scan(Family.SLOTS, bounds, visitors);
            return null;
        });

        assertThat(parts.stream().flatMap(List::stream)).containsExactlyElementsOf(records(Family.SLOTS));
        for (int part = 0; part <= bounds.size(); part++) {
            for (Entry entry : parts.get(part)) {
                assertThat(part == 0 || Arrays.compareUnsigned(bounds.get(part - 1), entry.key) <= 0)
                        .isTrue();
                assertThat(part == bounds.size() || Arrays.compareUnsigned(entry.key, bounds.get(part)) < 0)
                        .isTrue();
            }
        }
        assertThat(parts.get(0)).isEmpty();
        assertThat(parts.get(1)).isEmpty();
        assertThat(parts.get(3)).isNotEmpty();
    }

    @Test
    void shouldPassOnWhatTheVisitorOfAPartThrows() throws Exception {
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.SLOTS, key(1), bytes("first"));
        batch.put(Family.SLOTS, key(9), bytes("second"));
        commit(batch);
        MetadataException thrown = new MetadataException(MetadataException.Kind.CORRUPT, "record 9 is damaged");

        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> store.scan(Family.SLOTS, List.of(key(5)), List.of((key, value) -> {}, (key, value) -> {
                            throw thrown;
                        })))
                .isSameAs(thrown);
    }

    @Test
    void shouldPassOnWhatTheVisitorThrows() throws Exception {
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.HEAT, key(1), bytes("hot"));
        commit(batch);

        MetadataException thrown = new MetadataException(MetadataException.Kind.CORRUPT, "record 1 is damaged");
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> store.scan(Family.HEAT, (key, value) -> {
                    throw thrown;
                }))
                .isSameAs(thrown);
    }

    /** Commits on the loop and expects success. */
    protected final void commit(MetadataBatch batch) throws Exception {
        assertThat(outcomeOf(batch)).isEmpty();
    }

    /** Commits on the loop and waits for the callback. */
    protected final Optional<MetadataException> outcomeOf(MetadataBatch batch) throws Exception {
        return outcomeOf(store, batch, loop);
    }

    public static Optional<MetadataException> outcomeOf(MetadataStore store, MetadataBatch batch, ExecutorLoop loop)
            throws Exception {
        CompletableFuture<Optional<MetadataException>> outcome = new CompletableFuture<>();
        loop.execute(() -> store.commit(batch, failure -> outcome.complete(Optional.ofNullable(failure))));
        return outcome.get(60, TimeUnit.SECONDS);
    }

    /** All records of a family, copied, as the loop sees them: what it hands on changes meanwhile. */
    protected final List<Entry> records(Family family) throws Exception {
        return loop.call(() -> records(store, family));
    }

    /** All records of a family, copied. */
    public static List<Entry> records(MetadataStore store, Family family) throws MetadataException {
        List<Entry> records = new ArrayList<>();
        store.scan(family, (key, value) -> records.add(new Entry(copy(key), copy(value))));
        return records;
    }

    public static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    public static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] copy(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(copy);
        return copy;
    }

    private static String hex(byte[] bytes) {
        return java.util.HexFormat.of().formatHex(bytes);
    }

    /** One record, equal by content. */
    @SuppressWarnings("ArrayRecordComponent")
    public record Entry(byte[] key, byte[] value) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Entry entry && Arrays.equals(key, entry.key) && Arrays.equals(value, entry.value);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(key);
        }

        @Override
        public String toString() {
            return hex(key) + "=" + value.length + " bytes";
        }
    }
}
