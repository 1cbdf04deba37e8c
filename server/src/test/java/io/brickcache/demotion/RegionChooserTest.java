package io.brickcache.demotion;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.DirtyRegions;
import io.brickcache.env.sim.SeededEntropy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class RegionChooserTest {

    private static final int SECOND = 10;
    private static final int RECOVERED = -5;
    private static final DemotionOptions OPTIONS = new DemotionOptions(20, 60, 600_000_000_000L, 2_000_000_000L);

    private final DirtyRegions regions = new DirtyRegions(20_000L * DirtyRegions.REGION_BYTES, new BlockShape(4 << 10));
    private final RegionChooser chooser = new RegionChooser(OPTIONS, regions, RECOVERED, region -> true);

    private void dirty(int region, int blocks, int tick) {
        for (int i = 0; i < blocks; i++) {
            regions.added(regions.firstBlock(region) + i, tick);
        }
    }

    private void clean(int region) {
        for (int i = regions.dirty(region); i > 0; i--) {
            regions.removed(regions.firstBlock(region));
        }
    }

    /** Writes a block somewhere else, so that what was written before is a little older. */
    private void passWrites(int writes) {
        for (int i = 0; i < writes; i++) {
            regions.added(regions.firstBlock(19_000), 0);
            regions.removed(regions.firstBlock(19_000));
        }
    }

    private int[] next(Urgency urgency, int tick) {
        return next(urgency, tick, Long.MAX_VALUE);
    }

    private int[] next(Urgency urgency, int tick, long wanted) {
        int[] chosen = chooser.next(urgency, tick, wanted);
        assertThat(chosen)
                .isSorted()
                .hasSizeLessThanOrEqualTo(RegionChooser.BATCH)
                .doesNotHaveDuplicates();
        return chosen;
    }

    @Test
    void shouldTakeWhatWasWrittenLongestAgoWhenAllElseIsEqual() {
        for (int region = 100; region > 80; region--) {
            dirty(region, 1, 0);
        }

        assertThat(next(Urgency.FULL_SPEED, 0)).containsExactly(93, 94, 95, 96, 97, 98, 99, 100);
    }

    @Test
    void shouldTakeWhatARestartFoundDirtyAtAnyAge() {
        dirty(3, 1, RECOVERED);
        dirty(5, 1, RECOVERED + 1);

        assertThat(next(Urgency.AGED_ONLY, RECOVERED + 2)).containsExactly(3);
    }

    @Test
    void shouldTakeTheDenserOnesAndNoMoreThanWanted() {
        for (int region = 0; region < 20; region++) {
            dirty(2 * region, region % 5 == 4 ? 100 : 1, 0);
        }
        passWrites(100_000);

        assertThat(next(Urgency.FULL_SPEED, 0, 400)).containsExactly(8, 18, 28, 38);
        assertThat(next(Urgency.FULL_SPEED, 0, 101)).containsExactly(8, 18);
        assertThat(next(Urgency.FULL_SPEED, 0, 1)).containsExactly(8);
    }

    @Test
    void shouldTakeTheRegionThatNeedsFewerPositioningsForTheSameBlocks() {
        for (int i = 0; i < 8; i++) {
            regions.added(regions.firstBlock(10) + i * 64L, 0);
        }
        for (int i = 0; i < 8; i++) {
            regions.added(regions.firstBlock(20) + i, 0);
        }
        passWrites(1_000);

        assertThat(next(Urgency.PACED, 0, 1)).containsExactly(20);
    }

    @Test
    void shouldLetARegionWaitThatIsWrittenAgainAndAgain() {
        dirty(10, 10, 0);
        dirty(20, 10, 0);
        passWrites(1_000);
        regions.rewritten(regions.firstBlock(10));

        assertThat(next(Urgency.FULL_SPEED, 0, 1)).containsExactly(20);
        clean(20);
        assertThat(next(Urgency.FULL_SPEED, 0, 1)).as("nothing else is left").containsExactly(10);
    }

    @Test
    void shouldTakeNeighboursAlongThatTheDiskReachesWithoutPositioning() {
        for (int region = 50; region < 70; region++) {
            dirty(region, regions.blocksPerRegion(), 0);
        }
        dirty(75, regions.blocksPerRegion(), 0);
        passWrites(1_000_000);

        assertThat(next(Urgency.FULL_SPEED, 0, 1)).containsExactly(50, 51, 52, 53, 54, 55, 56, 57);
        for (int region = 50; region < 69; region++) {
            clean(region);
        }
        assertThat(next(Urgency.FULL_SPEED, 0, 1)).containsExactly(69);
    }

    @Test
    void shouldLeaveNothingOutWhenDensityVaries() {
        SeededEntropy entropy = new SeededEntropy(4);
        Set<Integer> left = new TreeSet<>();
        while (left.size() < 300) {
            int region = entropy.nextInt(2_000);
            if (left.add(region)) {
                dirty(region, entropy.between(1, 200), 0);
            }
        }
        int rounds = 0;
        while (!left.isEmpty()) {
            for (int region : next(Urgency.FULL_SPEED, 0, entropy.between(1, 1_000))) {
                assertThat(left.remove(region)).isTrue();
                clean(region);
            }
            assertThat(++rounds).isLessThan(1_000);
        }

        assertThat(next(Urgency.FULL_SPEED, 0)).isEmpty();
    }

    @Test
    void shouldTakeWhatIsTooOldAtAnyUrgencyThoughItIsHot() {
        int start = Integer.MAX_VALUE - 100;
        dirty(3, 1, start);
        dirty(5, 100, start + 1);
        int now = start + 600 * SECOND;
        passWrites(1_000);
        regions.rewritten(regions.firstBlock(3));

        assertThat(next(Urgency.AGED_ONLY, now - 1)).isEmpty();
        for (Urgency urgency : Urgency.values()) {
            assertThat(next(urgency, now, 1)).containsExactly(3);
        }
    }

    @Test
    void shouldCompareTheNextOnesAtTheNextCallWhenThereAreVeryMany() {
        for (int region = 0; region < 10_000; region++) {
            dirty(region, 1, 100);
        }
        dirty(10_001, 1, 0);
        List<Integer> chosen = new ArrayList<>();
        for (int call = 0; call < 3; call++) {
            Arrays.stream(next(Urgency.AGED_ONLY, 600 * SECOND)).forEach(chosen::add);
        }

        assertThat(chosen).containsExactly(10_001);
    }
}
