package io.brickcache.cache.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.env.sim.SeededEntropy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GhostTableTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 1000})
    void shouldRememberAHashOnceWhenItWasAdded(int entries) {
        GhostTable ghosts = new GhostTable(entries);
        SeededEntropy entropy = new SeededEntropy(entries);
        for (int i = 0; i < 1_000; i++) {
            long hash = entropy.pick(entropy.nextLong(), entropy.nextLong() << 16, 0L, -1L);
            ghosts.add(hash);

            assertThat(ghosts.remove(hash)).as("hash %x", hash).isTrue();
            assertThat(ghosts.remove(hash)).as("hash %x", hash).isFalse();
        }
    }

    @Test
    void shouldForgetTheOldestOfARowWhenItIsFull() {
        GhostTable ghosts = new GhostTable(8);
        for (long hash = 1; hash <= 9; hash++) {
            ghosts.add(hash);
        }

        assertThat(ghosts.remove(1)).isFalse();
        for (long hash = 9; hash >= 2; hash--) {
            assertThat(ghosts.remove(hash)).as("hash %d", hash).isTrue();
        }
    }

    @Test
    void shouldKeepTheOthersOfARowWhenOneIsRemoved() {
        GhostTable ghosts = new GhostTable(8);
        for (long hash = 1; hash <= 8; hash++) {
            ghosts.add(hash);
        }
        assertThat(ghosts.remove(4)).isTrue();
        ghosts.add(9);

        for (long hash : new long[] {1, 2, 3, 5, 6, 7, 8, 9}) {
            assertThat(ghosts.remove(hash)).as("hash %d", hash).isTrue();
        }
    }

    @Test
    void shouldSeldomTakeAStrangerForAGhost() {
        GhostTable ghosts = new GhostTable(4096);
        SeededEntropy entropy = new SeededEntropy(3);
        for (int i = 0; i < 8192; i++) {
            ghosts.add(entropy.nextLong());
        }
        int mistaken = 0;
        for (int i = 0; i < 80_000; i++) {
            mistaken += ghosts.remove(entropy.nextLong()) ? 1 : 0;
        }

        // About 1 in 8192 is expected.
        assertThat(mistaken).isBetween(1, 30);
    }
}
