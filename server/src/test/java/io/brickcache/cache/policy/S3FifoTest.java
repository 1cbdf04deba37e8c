package io.brickcache.cache.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.env.sim.SeededEntropy;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class S3FifoTest {

    private static final int SLOTS = 1000;
    private static final long SCAN = 1_000_000;

    private final PolicyCache cache = PolicyCache.ofSlots(SLOTS);

    @Test
    void shouldKeepALoopOfHotBlocksWhenALongScanPasses() {
        int hot = 400;
        for (int round = 0; round < 4; round++) {
            readAll(0, hot);
        }
        long scanned = SCAN;
        long hits = 0;
        for (int round = 0; round < 50; round++) {
            for (int block = 0; block < hot; block++) {
                hits += cache.read(block) ? 1 : 0;
                for (int i = 0; i < 4; i++) {
                    cache.read(scanned++);
                }
            }
        }

        assertThat(hits).isGreaterThan(50L * hot * 98 / 100);
    }

    @Test
    void shouldEvictWhatWasAskedForOnceBeforeWhatWasAskedForOften() {
        readAll(0, 100);
        readAll(SCAN, SLOTS - 100);
        readAll(0, 100);
        readAll(0, 100);
        for (int i = 0; i < SLOTS / 2; i++) {
            cache.evict();
        }

        for (int block = 0; block < 100; block++) {
            assertThat(cache.holds(block)).as("block %d", block).isTrue();
        }
    }

    @Test
    void shouldTakeAGhostIntoTheMainQueueAtOnce() {
        readAll(0, SLOTS);
        readAll(SCAN, SLOTS);
        assertThat(cache.holds(SCAN + SLOTS - 1)).isTrue();
        // In the small queue a block that is asked for just once leaves within a scan of the queue's length.
        long ghost = firstMissing(SCAN, SLOTS);
        cache.read(ghost);
        readAll(2 * SCAN, SLOTS / 4);
        assertThat(cache.holds(ghost)).isTrue();

        long stranger = 3 * SCAN;
        cache.read(stranger);
        readAll(4 * SCAN, SLOTS / 4);
        assertThat(cache.holds(stranger)).isFalse();
    }

    private long firstMissing(long from, int count) {
        // The one evicted last is surely still remembered.
        long found = -1;
        for (long block = from; block < from + count; block++) {
            if (!cache.holds(block)) {
                found = block;
            }
        }
        assertThat(found).isNotNegative();
        return found;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 16, 64, 300, 2_000})
    void shouldNameOnlyCleanMappedSlotsWhenUsedAtRandom(int slots) {
        PolicyCache random = PolicyCache.ofSlots(slots);
        SeededEntropy entropy = new SeededEntropy(slots);
        Set<Long> dirty = new HashSet<>();
        for (int round = 0; round < 30_000; round++) {
            long block = entropy.nextInt(entropy.chance(0.5) ? slots : 4 * slots);
            if (entropy.chance(0.5)) {
                random.read(block);
            } else if (entropy.chance(0.2)) {
                random.readAround(block);
            } else if (dirty.size() < slots / 2 && random.write(block)) {
                dirty.add(block);
            }
            long other = entropy.nextInt(slots);
            if (entropy.chance(0.3) && dirty.remove(other)) {
                random.clean(other);
            }
            if (entropy.chance(0.05) && random.holds(other)) {
                random.drop(other);
                dirty.remove(other);
            }
        }
        dirty.forEach(random::clean);

        // Nothing has been lost from sight: all of them can be evicted, down to the last.
        int fruitless = 0;
        while (random.size() > 0 && fruitless < 100) {
            fruitless = random.evict() == PolicyCache.NONE ? fruitless + 1 : 0;
        }
        assertThat(random.size()).isZero();
        assertThat(random.policy.victim()).isEqualTo(-1);
    }

    @Test
    void shouldEndWithBoundedWorkWhenEverythingIsDirty() {
        PolicyCache large = PolicyCache.ofSlots(200_000);
        for (int block = 0; block < 200_000; block++) {
            large.write(block);
        }
        for (int call = 0; call < 20; call++) {
            long before = large.looks;

            assertThat(large.policy.victim()).isEqualTo(-1);
            assertThat(large.looks - before).isLessThan(20_000);
        }
    }

    @Test
    void shouldFindTheOnlyCleanBlockAtOnceWhenAllOthersAreDirty() {
        PolicyCache large = PolicyCache.ofSlots(50_000);
        for (int block = 0; block < 50_000; block++) {
            large.write(block);
        }
        large.clean(31_234);

        assertThat(large.evict()).isEqualTo(31_234);
    }

    @Test
    void shouldEvictWhatWasOnlyWrittenBeforeWhatWasReadOnce() {
        readAll(0, 50);
        for (int block = 100; block < 150; block++) {
            cache.write(block);
        }
        for (int block = 100; block < 150; block++) {
            cache.clean(block);
        }
        for (int i = 0; i < 50; i++) {
            assertThat(cache.evict()).isBetween(100L, 149L);
        }
    }

    @Test
    void shouldKeepWhatWasReadWhileItWasDirty() {
        for (int block = 0; block < 50; block++) {
            cache.write(block);
            cache.read(block);
            cache.clean(block);
        }
        readAll(SCAN, 10 * SLOTS);

        int kept = 0;
        for (int block = 0; block < 50; block++) {
            kept += cache.holds(block) ? 1 : 0;
        }
        // A new block may be taken for a ghost, by chance, and then takes the place of an old one.
        assertThat(kept).isGreaterThan(40);
    }

    @Test
    void shouldKeepAPartOfALoopThatIsLongerThanTheCache() {
        int hits = 0;
        for (int round = 0; round < 5; round++) {
            hits = 0;
            for (int block = 0; block < 3 * SLOTS; block++) {
                hits += cache.read(block) ? 1 : 0;
            }
        }

        assertThat(hits).isGreaterThan(SLOTS / 2);
    }

    @Test
    void shouldNotRememberWhatWasReadAroundAndNotAskedFor() {
        readAll(0, SLOTS);
        for (int block = 0; block < SLOTS; block++) {
            cache.readAround(SCAN + block);
        }
        long unasked = firstMissing(SCAN, SLOTS);
        cache.read(unasked);
        readAll(2 * SCAN, SLOTS / 4);

        assertThat(cache.holds(unasked)).isFalse();
    }

    @Test
    void shouldEvictFirstWhatAStreamHasPassed() {
        readAll(0, 100);
        for (int block = 50; block < 60; block++) {
            cache.pass(block);
        }
        for (int i = 0; i < 10; i++) {
            assertThat(cache.evict()).isBetween(50L, 59L);
        }
        assertThat(cache.evict()).isZero();
    }

    @Test
    void shouldKeepWhatAStreamHasPassedWhenItIsReadOften() {
        for (int round = 0; round < 3; round++) {
            readAll(0, 100);
        }
        cache.pass(50);

        assertThat(cache.evict()).isNotEqualTo(50);
    }

    @Test
    void shouldEvictFromTheMainQueueWhenTheSmallOneIsDirty() {
        readAll(0, 500);
        readAll(0, 500);
        readAll(0, 500);
        readAll(SCAN, 500);
        for (int i = 0; i < 500; i++) {
            cache.evict();
        }
        for (int i = 0; i < 200; i++) {
            assertThat(cache.write(2 * SCAN + i)).isTrue();
        }

        for (int i = 0; i < 300; i++) {
            assertThat(cache.evict()).as("victim %d", i).isNotEqualTo(PolicyCache.NONE);
        }
    }

    @Test
    void shouldStillFindVictimsWhenTheOldestNewBlocksAreWrittenAgain() {
        PolicyCache small = PolicyCache.ofSlots(64);
        for (int block = 0; block < 16; block++) {
            small.write(block);
        }
        for (int block = 0; block < 16; block++) {
            small.write(block);
        }
        for (int block = 0; block < 16; block++) {
            small.clean(block);
        }

        Set<Long> victims = new HashSet<>();
        for (int i = 0; i < 16; i++) {
            victims.add(small.evict());
        }
        assertThat(victims).hasSize(16).doesNotContain((long) PolicyCache.NONE);
    }

    private void readAll(long from, int count) {
        for (long block = from; block < from + count; block++) {
            cache.read(block);
        }
    }
}
