package io.brickcache.meta;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.MetadataStoreContract;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a store must do, by one whose batches go to the spare journal at some times and not at others. */
class SparedMetadataStoreTest extends MetadataStoreContract {

    private static final long MAX_LATENCY_NS = 100_000;
    private final MetadataException broken = new MetadataException(Kind.IO, "the store is broken");
    private final MetadataException full = new MetadataException(Kind.NO_SPACE, "the journal is full");

    private final Random random = new Random(5);
    private final CountDownLatch recovered = new CountDownLatch(1);
    private final List<MetadataException> heard = new ArrayList<>();
    private MemoryMetadataStore below = new MemoryMetadataStore(loop, random::nextLong, MAX_LATENCY_NS);
    private MemorySpareJournal spare = new MemorySpareJournal(loop, random::nextLong, MAX_LATENCY_NS);

    @Override
    protected MetadataStore create() throws Exception {
        // The store takes one commit, then fails a few, then works again, and so on, for the whole contract.
        below.failNext(3, broken);
        return loop.call(() -> watched(SparedMetadataStore.open(below, spare, loop)));
    }

    @Override
    protected MetadataStore reopen(MetadataStore store) throws Exception {
        return loop.call(() -> {
            store.close();
            below = below.reopened(loop);
            spare = spare.reopened(loop);
            below.failNext(3, broken);
            return watched(SparedMetadataStore.open(below, spare, loop));
        });
    }

    private MetadataStore watched(MetadataStore opened) {
        opened.watch(new MetadataStore.Watcher() {
            @Override
            public void sparing(MetadataException cause) {
                heard.add(cause);
            }

            @Override
            public void recovered() {
                recovered.countDown();
            }
        });
        return opened;
    }

    /** What fails while the store is being closed cannot go to the journal any more, and is reported. */
    @Override
    @Test
    protected void shouldFinishCommitsUnderWayWhenClosed() throws Exception {
        below.failNext(0, broken);
        super.shouldFinishCommitsUnderWayWhenClosed();
    }

    @Test
    void shouldCommitToTheJournalWhenTheStoreFailsAndBringItBackWhenItWorks() throws Exception {
        commit(batch(1, "first"));
        commit(batch(2, "second"));
        commit(batch(1, "third"));

        assertThat(loop.call(() -> List.copyOf(heard))).containsExactly(broken);
        assertThat(MetadataStoreContract.records(below, Family.SLOTS)).isEmpty();
        assertThat(slots()).containsExactly(new Entry(key(1), bytes("third")), new Entry(key(2), bytes("second")));

        assertThat(recovered.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(loop.call(spare::batches)).isZero();
        assertThat(MetadataStoreContract.records(below, Family.SLOTS))
                .containsExactly(new Entry(key(1), bytes("third")), new Entry(key(2), bytes("second")));
        assertThat(slots()).hasSize(2);
        assertThat(records(Family.CACHE)).as("records of its own").isEmpty();
    }

    @Test
    void shouldFailAndHoldTheStateBeforeWhenNeitherTakesTheBatch() throws Exception {
        below.failNext(Integer.MAX_VALUE, broken);
        commit(batch(1, "first"));
        spare.fail(full);

        Optional<MetadataException> outcome = outcomeOf(batch(1, "second"));
        assertThat(outcome).get().extracting(MetadataException::kind).isEqualTo(Kind.NO_SPACE);
        assertThat(outcome.get()).hasMessageContainingAll("the store is broken", "the journal is full");
        assertThat(slots()).containsExactly(new Entry(key(1), bytes("first")));

        loop.call(() -> {
            spare.fail(null);
            return null;
        });
        commit(batch(1, "third"));
        assertThat(slots()).containsExactly(new Entry(key(1), bytes("third")));
    }

    @Test
    void shouldPassOverBatchesThatTheStoreHasWhenTheJournalCouldNotBeRemoved() throws Exception {
        commit(batch(1, "first"));
        assertThat(recovered.await(60, TimeUnit.SECONDS)).isTrue();
        // A journal whose removal was not durable: it is back, with batches that are older than the store.
        MemorySpareJournal stale = new MemorySpareJournal(loop, random::nextLong, MAX_LATENCY_NS);
        MetadataBatch old = batch(1, "old");
        loop.call(() -> {
            stale.append(old, failure -> {});
            return null;
        });
        commit(batch(1, "newest"));

        store = loop.call(() -> {
            store.close();
            stale.close();
            below = below.reopened(loop);
            spare = stale.reopened(loop);
            return SparedMetadataStore.open(below, spare, loop);
        });
        assertThat(slots()).containsExactly(new Entry(key(1), bytes("newest")));
    }

    @Test
    void shouldHoldWhatWasAnsweredWhenThePowerGoesAtAnyMoment() throws Exception {
        for (int seed = 0; seed < 400; seed++) {
            Random own = new Random(seed * 7919L);
            MemoryMetadataStore crashing = new MemoryMetadataStore(loop, own::nextLong, 20_000);
            MemorySpareJournal journal = new MemorySpareJournal(loop, own::nextLong, 20_000);
            int[] answered = {0};
            crash(crashing, journal, own, answered);

            MemoryMetadataStore after = crashing.reopened(loop);
            MemorySpareJournal journalAfter = journal.reopened(loop);
            SparedMetadataStore opened = loop.call(() -> SparedMetadataStore.open(after, journalAfter, loop));
            TreeMap<Integer, Integer> expected = new TreeMap<>();
            List<Entry> found = records(opened, Family.SLOTS);
            int state = found.stream()
                    .mapToInt(entry -> java.nio.ByteBuffer.wrap(entry.value()).getInt())
                    .max()
                    .orElse(0);
            assertThat(state).as("seed %d", seed).isBetween(answered[0], answered[0] + 1);
            for (int i = 1; i <= state; i++) {
                apply(i, expected);
            }
            assertThat(found)
                    .as("seed %d, batch %d", seed, state)
                    .isEqualTo(expected.entrySet().stream()
                            .map(entry -> new Entry(key(entry.getKey()), key(entry.getValue())))
                            .toList());
            loop.call(() -> {
                opened.close();
                return null;
            });
        }
    }

    /** Numbered batches one after the other until a random moment, while the store fails now and then. */
    private void crash(MemoryMetadataStore crashing, MemorySpareJournal journal, Random own, int[] answered)
            throws Exception {
        CountDownLatch crashed = new CountDownLatch(1);
        int moment = 1 + own.nextInt(30);
        loop.call(() -> {
            SparedMetadataStore opened = SparedMetadataStore.open(crashing, journal, loop, 50_000, 100_000);
            commitNext(opened, crashing, own, answered, moment, () -> {
                crashing.crash();
                journal.crash();
                crashed.countDown();
            });
            return null;
        });
        assertThat(crashed.await(60, TimeUnit.SECONDS)).isTrue();
    }

    private void commitNext(
            SparedMetadataStore opened,
            MemoryMetadataStore crashing,
            Random own,
            int[] answered,
            int moment,
            Runnable crash) {
        if (own.nextInt(3) == 0) {
            crashing.failNext(own.nextInt(4), broken);
        }
        MetadataBatch batch = new MetadataBatch();
        fill(answered[0] + 1, batch);
        opened.commit(batch, failure -> {
            assertThat(failure).isNull();
            answered[0]++;
            if (answered[0] < moment) {
                loop.schedule(own.nextInt(60_000), () -> commitNext(opened, crashing, own, answered, moment, crash));
            } else {
                MetadataBatch last = new MetadataBatch();
                fill(answered[0] + 1, last);
                opened.commit(last, late -> answered[0]++);
                loop.schedule(own.nextInt(60_000), crash);
            }
        });
    }

    private static void fill(int number, MetadataBatch batch) {
        if (number % 7 == 0) {
            batch.deleteRange(Family.SLOTS, key(3), key(9));
        }
        batch.put(Family.SLOTS, key(number % 11), key(number));
        batch.put(Family.SLOTS, key(100), key(number));
        batch.delete(Family.SLOTS, key((number * 5 + 1) % 11));
    }

    private static void apply(int number, java.util.NavigableMap<Integer, Integer> model) {
        if (number % 7 == 0) {
            model.subMap(3, 9).clear();
        }
        model.put(number % 11, number);
        model.put(100, number);
        model.remove((number * 5 + 1) % 11);
    }

    private List<Entry> slots() throws Exception {
        return loop.call(() -> records(store, Family.SLOTS));
    }

    private static MetadataBatch batch(int slot, String value) {
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.SLOTS, key(slot), bytes(value));
        return batch;
    }
}
