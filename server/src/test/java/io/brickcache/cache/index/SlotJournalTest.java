package io.brickcache.cache.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.env.sim.SeededEntropy;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SlotJournalTest {

    private static final BlockShape SHAPE = new BlockShape(8 << 10);
    private static final int LIMIT = 200;
    private static final JournalBounds BOUNDS = new JournalBounds(LIMIT, 1024, 64);

    /** A cache's index and what its commits leave in the store. */
    private static final class Run {
        final SeededEntropy entropy;
        final int slotCount;
        final JournalBounds bounds;
        final SlotRecordStore store = new SlotRecordStore();
        final MetadataBatch batch = new MetadataBatch();
        final Set<Integer> pending = new HashSet<>();
        SlotTable slots;
        SlotJournal journal;
        long epoch = 1;

        Run(int slotCount, JournalBounds bounds, SeededEntropy entropy) {
            this.entropy = entropy;
            this.slotCount = slotCount;
            this.bounds = bounds;
            slots = new SlotTable(slotCount, SHAPE);
            journal = new SlotJournal(new SlotRecords(slots, SHAPE), slotCount, bounds);
        }

        void change(int slot) {
            slots.clear(slot);
            if (entropy.chance(0.7)) {
                slots.map(
                        slot,
                        entropy.nextInt(256),
                        entropy.nextLong(SlotTable.MAX_BLOCKS),
                        entropy.pick(SlotTable.CLEAN, SlotTable.DIRTY),
                        entropy.pick(SHAPE.fullMask(), 5L),
                        (int) entropy.nextLong());
            }
            pending.add(slot);
        }

        /** One commit of all changes since the last that succeeded. */
        void commit(boolean succeeds) {
            int[] changed = pending.stream().mapToInt(i -> i).toArray();
            batch.clear();
            journal.encode(batch, epoch, changed, changed.length);
            end(succeeds);
        }

        /** As {@link #commit}, with all records written anew. */
        void rewrite(boolean succeeds) {
            batch.clear();
            journal.encodeAll(batch, epoch);
            end(succeeds);
        }

        private void end(boolean succeeds) {
            epoch++;
            if (succeeds) {
                store.apply(batch);
                journal.succeeded();
                pending.clear();
            } else {
                journal.failed();
            }
        }

        void expectRecoverable() throws MetadataException {
            SlotTable recovered = new SlotTable(slotCount, SHAPE);
            store.recover(recovered, SHAPE, bounds);
            for (int slot = 0; slot < slotCount; slot++) {
                assertThat(recovered.state(slot))
                        .as("epoch %d, slot %d", epoch, slot)
                        .isEqualTo(slots.state(slot));
                assertThat(recovered.key(slot)).isEqualTo(slots.key(slot));
                assertThat(recovered.checksum(slot)).isEqualTo(slots.checksum(slot));
                if (slots.isMapped(slot)) {
                    assertThat(recovered.validMask(slot)).isEqualTo(slots.validMask(slot));
                }
            }
        }

        /** As after a crash: only what the store has is left. */
        void restart() throws MetadataException {
            pending.clear();
            slots = new SlotTable(slotCount, SHAPE);
            journal = store.recover(slots, SHAPE, bounds);
            epoch = journal.lastEpoch() + 1;
        }

        long storedEntries() {
            return store.family(Family.JOURNAL).values().stream()
                    .mapToLong(value -> ByteBuffer.wrap(value).getInt(1))
                    .sum();
        }
    }

    /** Changes spread evenly, or mostly in a few slots, so that some groups wait long and others never do. */
    @ParameterizedTest
    @CsvSource({"200,10,0.0", "5000,10,0.0", "5000,40,0.2", "5000,300,0.1", "130,3,0.5", "64,1,0.3"})
    void shouldRecoverTheModelAfterEveryCommitWhenOthersFail(int slotCount, int maxChanges, double failures)
            throws MetadataException {
        for (int seed = 0; seed < 3; seed++) {
            JournalBounds bounds = List.of(BOUNDS, new JournalBounds(LIMIT, 3, 8), new JournalBounds(1, 1, 1))
                    .get(seed);
            Run run = new Run(slotCount, bounds, new SeededEntropy(seed));
            for (int round = 0; round < 700; round++) {
                int changes = run.entropy.between(0, maxChanges);
                for (int i = 0; i < changes; i++) {
                    int range = run.entropy.chance(0.7) ? Math.min(slotCount, 70) : slotCount;
                    run.change(run.entropy.nextInt(range));
                }
                boolean succeeds = !run.entropy.chance(failures);
                if (run.entropy.chance(0.02)) {
                    run.rewrite(succeeds);
                } else {
                    run.commit(succeeds);
                }
                if (succeeds && (round % 8 == 0 || round > 650)) {
                    run.expectRecoverable();
                }
                if (run.entropy.chance(0.01)) {
                    run.restart();
                }
            }
        }
    }

    @Test
    void shouldKeepTheJournalShortWhenCommitsGoOn() {
        int slotCount = 4096;
        int changes = 4;
        Run run = new Run(slotCount, BOUNDS, new SeededEntropy(9));
        for (int round = 0; round < 5_000; round++) {
            for (int i = 0; i < changes; i++) {
                run.change(run.entropy.nextInt(slotCount));
            }
            run.commit(true);

            // The limit, and what may lie behind the last cut.
            assertThat(run.storedEntries()).isLessThanOrEqualTo(LIMIT + (64 + 1) * changes);
            assertThat(run.journal.entries()).isEqualTo(run.storedEntries());
        }
    }

    @Test
    void shouldCutTheJournalAgainWhenFailuresHaveEnded() throws MetadataException {
        Run run = new Run(4096, BOUNDS, new SeededEntropy(10));
        for (int round = 0; round < 3_000; round++) {
            run.change(run.entropy.nextInt(4096));
            run.commit(run.entropy.chance(0.5));
        }
        for (int round = 0; round < 500; round++) {
            run.change(run.entropy.nextInt(4096));
            run.commit(true);
        }

        assertThat(run.storedEntries()).isLessThanOrEqualTo(LIMIT + 65);
        run.expectRecoverable();
    }

    @Test
    void shouldAddNothingWhenNothingChanged() {
        Run run = new Run(100, BOUNDS, new SeededEntropy(11));
        run.commit(true);

        assertThat(run.batch.isEmpty()).isTrue();
        assertThat(run.journal.lastEpoch()).isZero();
    }

    @Test
    void shouldWriteNoGroupWhileTheJournalIsShort() {
        Run run = new Run(100, BOUNDS, new SeededEntropy(12));
        for (int slot = 0; slot < 100; slot++) {
            run.change(slot);
            run.commit(true);
        }

        assertThat(run.store.family(Family.SLOTS)).isEmpty();
        assertThat(run.journal.entries()).isEqualTo(100);
        assertThat(run.journal.lastEpoch()).isEqualTo(100);
    }
}
