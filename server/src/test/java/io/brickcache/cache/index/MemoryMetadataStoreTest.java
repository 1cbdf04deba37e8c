package io.brickcache.cache.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.index.MetadataStore.Family;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemoryMetadataStoreTest extends MetadataStoreContract {

    private static final long MAX_LATENCY_NS = 200_000;

    @Override
    protected MetadataStore create() {
        return new MemoryMetadataStore(loop, new Random(11)::nextLong, MAX_LATENCY_NS);
    }

    @Override
    protected MetadataStore reopen(MetadataStore store) throws Exception {
        return loop.call(() -> {
            store.close();
            return ((MemoryMetadataStore) store).reopened(loop);
        });
    }

    @Test
    void shouldKeepARandomPrefixWhenItCrashes() throws Exception {
        Set<Integer> survivorCounts = new HashSet<>();
        for (int seed = 0; seed < 60; seed++) {
            MemoryMetadataStore store =
                    new MemoryMetadataStore(loop, new Random(seed * 7919L)::nextLong, Long.MAX_VALUE / 4);
            List<Integer> heard = new ArrayList<>();
            MemoryMetadataStore after = loop.call(() -> {
                for (int i = 0; i < 4; i++) {
                    MetadataBatch batch = new MetadataBatch();
                    int number = i;
                    batch.put(Family.SLOTS, key(number), bytes("slot " + number));
                    batch.put(Family.HEAT, key(number), bytes("heat " + number));
                    store.commit(batch, failure -> heard.add(number));
                }
                assertThat(store.pendingCommits()).isEqualTo(4);
                store.crash();
                return store.reopened(loop);
            });
            loop.call(() -> null);

            List<Entry> slots = records(after, Family.SLOTS);
            assertThat(heard).isEmpty();
            assertThat(records(after, Family.HEAT)).hasSameSizeAs(slots);
            for (int i = 0; i < slots.size(); i++) {
                assertThat(slots.get(i)).isEqualTo(new Entry(key(i), bytes("slot " + i)));
            }
            survivorCounts.add(slots.size());
        }
        assertThat(survivorCounts).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
    }

    @Test
    void shouldHoldTheStateBeforeWhenACommitIsMadeToFail() throws Exception {
        MemoryMetadataStore store = new MemoryMetadataStore(loop, new Random(5)::nextLong, MAX_LATENCY_NS);
        MetadataException full = new MetadataException(MetadataException.Kind.NO_SPACE, "full");
        store.failNext(2, full);
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.BRICKS, key(1), bytes("brick"));

        assertThat(outcomeOf(store, batch, loop)).containsSame(full);
        assertThat(outcomeOf(store, batch, loop)).containsSame(full);
        assertThat(records(store, Family.BRICKS)).isEmpty();
        assertThat(outcomeOf(store, batch, loop)).isEmpty();
        assertThat(records(store, Family.BRICKS)).hasSize(1);
    }

    @Test
    void shouldDifferInOneBitOfOneRecordWhenDamaged() throws Exception {
        MemoryMetadataStore store = new MemoryMetadataStore(loop, new Random(6)::nextLong, MAX_LATENCY_NS);
        assertThat(store.damaged(new Random(7)::nextLong)).isNull();
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.SLOTS, key(1), bytes("a slot group"));
        batch.put(Family.JOURNAL, key(2), bytes("a journal record"));
        batch.put(Family.BRICKS, key(3), bytes("a brick"));
        assertThat(outcomeOf(store, batch, loop)).isEmpty();

        MemoryMetadataStore damaged = Objects.requireNonNull(store.damaged(new Random(7)::nextLong));

        assertThat(records(damaged, Family.BRICKS)).isEqualTo(records(store, Family.BRICKS));
        assertThat(differingBits(store, damaged, Family.SLOTS) + differingBits(store, damaged, Family.JOURNAL))
                .isEqualTo(1);
    }

    private static int differingBits(MemoryMetadataStore one, MemoryMetadataStore other, Family family)
            throws Exception {
        List<Entry> left = records(one, family);
        List<Entry> right = records(other, family);
        int bits = 0;
        for (int i = 0; i < left.size(); i++) {
            byte[] a = left.get(i).value();
            byte[] b = right.get(i).value();
            for (int at = 0; at < a.length; at++) {
                bits += Integer.bitCount((a[at] ^ b[at]) & 0xFF);
            }
        }
        return bits;
    }
}
