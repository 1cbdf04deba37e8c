package io.brickcache.cache;

import static io.brickcache.cache.CacheRig.BRICK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoStatus;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemotionMemoryTest {

    private final CacheRig rig = new CacheRig(32);
    private final CachedBrick brick = rig.attach(rig.device("disk 0", BRICK_BYTES));

    /** Who holds the gate may need memory to leave it. */
    @Test
    void shouldHoldNoMemoryWhenADemotionWaitsForItsGate() {
        rig.write(brick, 0, 4, 1);
        rig.flush(brick);
        Gates.Holder change = new Gates.Holder() {
            @Override
            void entered() {
                // It stays until the test has it leave.
            }
        };
        brick.gates().enter(change, Gates.Kind.DISK, 0, 3);
        List<IoStatus> demoted = new ArrayList<>();
        rig.cache.demote(brick, new int[] {0}, (blocks, skipped, status) -> demoted.add(status));
        rig.loop.runFor(1_000_000_000L);

        assertThat(demoted).isEmpty();
        assertThat(brick.scratch().usedBytes()).isZero();

        brick.gates().leave(change);
        assertThat(rig.loop.runUntil(() -> !demoted.isEmpty())).isTrue();
        assertThat(demoted).containsExactly(IoStatus.OK);
        assertThat(brick.dirtyBytes()).isZero();
    }
}
