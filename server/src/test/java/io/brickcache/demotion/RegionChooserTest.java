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
    private static final DemotionOptions OPTIONS =
            new DemotionOptions(20, 60, 600_000_000_000L, 2_000_000_000L, 3_000_000_000L);

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

    private int[] next(Urgency urgency, int tick) {
        int[] chosen = chooser.next(urgency, tick);
        assertThat(chosen).isSorted().hasSizeLessThanOrEqualTo(RegionChooser.BATCH);
        return chosen;
    }

    @Test
    void shouldGoUpwardsAndThenBeginAtTheBottom() {
        for (int region = 100; region < 120; region++) {
            dirty(region, 1, 0);
        }
        assertThat(next(Urgency.FULL_SPEED, 0)).containsExactly(100, 101, 102, 103, 104, 105, 106, 107);
        dirty(50, 1, 0);
        assertThat(next(Urgency.FULL_SPEED, 0)).containsExactly(108, 109, 110, 111, 112, 113, 114, 115);
        assertThat(next(Urgency.FULL_SPEED, 0)).as("no batch crosses the end").containsExactly(116, 117, 118, 119);

        assertThat(next(Urgency.FULL_SPEED, 0)).containsExactly(50, 100, 101, 102, 103, 104, 105, 106);
    }

    @Test
    void shouldTakeWhatARestartFoundDirtyAtAnyAge() {
        dirty(3, 1, RECOVERED);
        dirty(4, 1, RECOVERED + 1);

        assertThat(next(Urgency.AGED_ONLY, RECOVERED + 2)).containsExactly(3);
    }

    @Test
    void shouldTakeTheDenserOfTheNextFew() {
        for (int region = 0; region < 20; region++) {
            dirty(region, region % 5 == 4 ? 100 : 1, 0);
        }

        assertThat(next(Urgency.FULL_SPEED, 0)).containsExactly(4, 9, 14, 19);
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
            for (int region : next(Urgency.FULL_SPEED, 0)) {
                assertThat(left.remove(region)).isTrue();
                clean(region);
            }
            assertThat(++rounds).isLessThan(1_000);
        }

        assertThat(next(Urgency.FULL_SPEED, 0)).isEmpty();
    }

    @Test
    void shouldWaitForRegionsThatAreStillWrittenUnlessTheyMustGo() {
        dirty(3, 2, 0);
        dirty(4, 2, 0);
        regions.rewritten(regions.firstBlock(4), SECOND);

        assertThat(next(Urgency.PACED, 3 * SECOND - 1)).isEmpty();
        assertThat(next(Urgency.PACED, 3 * SECOND)).containsExactly(3);
        assertThat(next(Urgency.IDLE, 3 * SECOND)).containsExactly(3);
        assertThat(next(Urgency.AGED_ONLY, 3 * SECOND)).isEmpty();
        assertThat(next(Urgency.FULL_SPEED, 0)).containsExactly(3, 4);
        assertThat(next(Urgency.PACED, 4 * SECOND)).containsExactly(3, 4);
    }

    @Test
    void shouldTakeWhatIsTooOldAtAnyUrgencyThoughItIsHot() {
        int start = Integer.MAX_VALUE - 100;
        dirty(3, 1, start);
        dirty(4, 1, start + 1);
        int now = start + 600 * SECOND;
        regions.rewritten(regions.firstBlock(3), now);
        regions.rewritten(regions.firstBlock(4), now);

        for (Urgency urgency : List.of(Urgency.AGED_ONLY, Urgency.IDLE, Urgency.PACED)) {
            assertThat(next(urgency, now - 1)).isEmpty();
            assertThat(next(urgency, now)).containsExactly(3);
        }
    }

    @Test
    void shouldLookFurtherAtTheNextCallWhenThereAreManyThatMayNotGo() {
        for (int region = 0; region < 10_000; region++) {
            dirty(region, 1, 100);
        }
        dirty(10_001, 1, 0);
        List<Integer> chosen = new ArrayList<>();
        for (int call = 0; call < 3; call++) {
            Arrays.stream(next(Urgency.PACED, 3 * SECOND)).forEach(chosen::add);
        }

        assertThat(chosen).containsExactly(10_001);
    }
}
