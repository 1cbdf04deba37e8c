package io.brickcache.cache.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.env.sim.SeededEntropy;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DirtyRegionsTest {

    private static final long SIZE_BYTES = 20_000L * DirtyRegions.REGION_BYTES - 4096;

    @ParameterizedTest
    @ValueSource(ints = {4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10})
    void shouldEqualAModelWhenUsedAtRandom(int blockBytes) {
        SeededEntropy entropy = new SeededEntropy(blockBytes);
        DirtyRegions regions = new DirtyRegions(SIZE_BYTES, new BlockShape(blockBytes));
        Set<Long> dirty = new HashSet<>();
        Map<Integer, Integer> since = new HashMap<>();
        Map<Integer, Integer> lastWrite = new HashMap<>();
        int[] favourites = {0, 1, 63, 64, 4095, 4096, 12_000, 19_999};
        int writes = 0;
        int tick = Integer.MAX_VALUE - 1_000;
        for (int round = 0; round < 4_000; round++) {
            tick += entropy.nextInt(3);
            int region = favourites[entropy.nextInt(favourites.length)];
            long block = regions.firstBlock(region) + entropy.nextInt(Math.min(8, regions.blocksPerRegion()));
            assertThat(regions.regionOf(block)).isEqualTo(region);
            NavigableMap<Integer, Integer> counts = counts(regions, dirty);
            boolean was = dirty.contains(block);
            if (!was) {
                regions.added(block, tick);
                dirty.add(block);
                if (!counts.containsKey(region)) {
                    since.put(region, tick);
                }
                lastWrite.put(region, ++writes);
            } else if (entropy.chance(0.7)) {
                regions.removed(block);
                dirty.remove(block);
            } else if (entropy.chance(0.5)) {
                regions.rewritten(block);
                lastWrite.put(region, ++writes);
            } else {
                regions.swept(region, tick);
                since.put(region, tick);
            }
            expect(regions, counts(regions, dirty), since, lastWrite, writes, tick);
        }
    }

    private static void expect(
            DirtyRegions regions,
            NavigableMap<Integer, Integer> counts,
            Map<Integer, Integer> since,
            Map<Integer, Integer> lastWrite,
            int writes,
            int now) {
        int walked = 0;
        int oldestAge = 0;
        for (int r = regions.next(0); r != DirtyRegions.NONE; r = regions.next(r + 1)) {
            assertThat(regions.dirty(r)).isEqualTo(counts.get(r));
            assertThat(regions.since(r)).isEqualTo(since.get(r));
            assertThat(regions.writesSince(r)).isEqualTo(writes - lastWrite.getOrDefault(r, 0));
            oldestAge = Math.max(oldestAge, now - regions.since(r));
            walked++;
        }
        assertThat(walked).isEqualTo(counts.size());
        assertThat(regions.dirtyRegions()).isEqualTo(counts.size());
        assertThat(regions.dirtyBlocks())
                .isEqualTo(counts.values().stream().mapToInt(i -> i).sum());
        assertThat(now - regions.oldest(now)).isEqualTo(oldestAge);
        for (int from : new int[] {0, 2, 64, 100, 4095, 4097, 19_999, 20_000}) {
            Integer expected = counts.ceilingKey(from);
            assertThat(regions.next(from)).isEqualTo(expected == null ? DirtyRegions.NONE : expected);
        }
    }

    private static NavigableMap<Integer, Integer> counts(DirtyRegions regions, Set<Long> dirty) {
        NavigableMap<Integer, Integer> counts = new TreeMap<>();
        dirty.forEach(block -> counts.merge(regions.regionOf(block), 1, Integer::sum));
        return counts;
    }

    @Test
    void shouldCountAWholeRegionOfTheSmallestBlocks() {
        DirtyRegions regions = new DirtyRegions(SIZE_BYTES, new BlockShape(4 << 10));
        for (int i = 0; i < regions.blocksPerRegion(); i++) {
            regions.added(regions.firstBlock(5) + i, 1);
        }

        assertThat(regions.regions()).isEqualTo(20_000);
        assertThat(regions.dirty(5)).isEqualTo(512);
        assertThat(regions.dirty(4) + regions.dirty(6)).isZero();
    }

    @Test
    void shouldRefuseToCountBelowNothing() {
        DirtyRegions regions = new DirtyRegions(SIZE_BYTES, new BlockShape(4 << 10));
        assertThatThrownBy(() -> regions.removed(9)).isInstanceOf(IllegalStateException.class);
        regions.added(9, 1);
        regions.removed(9);

        assertThatThrownBy(() -> regions.removed(9))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("region 0");
    }

    @Test
    void shouldPassOverASweepWhenNothingIsDirty() {
        DirtyRegions regions = new DirtyRegions(SIZE_BYTES, new BlockShape(4 << 10));
        regions.swept(3, 7);

        assertThat(regions.dirtyRegions()).isZero();
        assertThat(regions.oldest(9)).isEqualTo(9);
    }

    @ParameterizedTest
    @ValueSource(ints = {4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10})
    void shouldCountOnePositioningForEachGapThatADiskDoesNotPassOver(int blockBytes) {
        DirtyRegions regions = new DirtyRegions(SIZE_BYTES, new BlockShape(blockBytes));
        assertThat(positionings(regions, 3, blockBytes, 0)).isEqualTo(1);
        assertThat(positionings(regions, 4, blockBytes, 0, 64 << 10, 192 << 10)).isEqualTo(1);
        assertThat(positionings(regions, 5, blockBytes, 0, 512 << 10, (2 << 20) - (64 << 10)))
                .isEqualTo(3);
    }

    private static int positionings(DirtyRegions regions, int region, int blockBytes, int... offsets) {
        for (int offset : offsets) {
            regions.added(regions.firstBlock(region) + offset / blockBytes, 1);
        }
        return regions.positionings(region);
    }

    @Test
    void shouldNeverCountMorePositioningsThanItSays() {
        SeededEntropy entropy = new SeededEntropy(5);
        for (int round = 0; round < 500; round++) {
            DirtyRegions regions = new DirtyRegions(SIZE_BYTES, new BlockShape(4 << 10));
            for (int i = 0; i < 40; i++) {
                long block = regions.firstBlock(7) + entropy.nextInt(regions.blocksPerRegion());
                if (regions.dirty(7) == 0 || entropy.chance(0.9)) {
                    regions.added(block, 1);
                }
            }
            assertThat(regions.positionings(7)).isBetween(1, DirtyRegions.MAX_POSITIONINGS);
        }
    }

    @Test
    void shouldForgetWhereARegionWasDirtyWhenItIsClean() {
        DirtyRegions regions = new DirtyRegions(SIZE_BYTES, new BlockShape(4 << 10));
        regions.added(regions.firstBlock(7), 1);
        regions.removed(regions.firstBlock(7));
        regions.added(regions.firstBlock(7) + 500, 1);

        assertThat(regions.positionings(7)).isEqualTo(1);
        regions.added(regions.firstBlock(6) + 511, 1);
        assertThat(regions.joinsBelow(7)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {4 << 10, 64 << 10})
    void shouldJoinNeighboursThatAreDirtyOnBothSidesOfTheirBorder(int blockBytes) {
        DirtyRegions regions = new DirtyRegions(SIZE_BYTES, new BlockShape(blockBytes));
        regions.added(regions.firstBlock(4096), 1);
        assertThat(regions.joinsBelow(4096)).isFalse();
        regions.added(regions.firstBlock(4096) - 1, 1);

        assertThat(regions.joinsBelow(4096)).isTrue();
        assertThat(regions.joinsBelow(4095)).isFalse();
        assertThat(regions.joinsBelow(0)).isFalse();
    }
}
