package io.brickcache.cache;

import static io.brickcache.cache.CacheRig.BLOCK;
import static io.brickcache.cache.CacheRig.BRICK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.Fault;
import io.brickcache.cache.TroubledDisk.Trouble;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A disk that hangs or fails touches its own brick only, and what awaits its sync is recorded afterwards (R3, R4). */
class DiskIsolationTest {

    private final CacheRig rig = new CacheRig(31);
    private final TroubledDisk disk = new TroubledDisk(rig.device("disk 0", BRICK_BYTES));
    private final CachedBrick brick = rig.attach(disk);
    private final CachedBrick neighbour = rig.attach(rig.device("disk 1", BRICK_BYTES));

    /** A dirty block, committed, over which zeroes went around to a disk that then has this trouble to sync them. */
    private void zeroOverDirty(Trouble trouble) {
        rig.write(brick, 3, 1, 9);
        rig.flush(brick);
        disk.set(trouble);
        rig.zero(brick, 3, 1);
    }

    @Test
    void shouldFlushTheNeighbourWhenASyncHangs() {
        List<IoStatus> flushed = new ArrayList<>();
        rig.zero(brick, 3, 2);
        disk.set(Trouble.SYNCS_HANG);
        CacheRig.submitFlush(brick, flushed::add);
        rig.write(neighbour, 7, 1, 9);

        assertThat(rig.flush(neighbour)).isEqualTo(IoStatus.OK);
        assertThat(rig.reloaded("b1").dirtyBytes()).isEqualTo(BLOCK);
        assertThat(flushed).isEmpty();

        disk.set(Trouble.NONE);
        assertThat(rig.loop.runUntil(() -> !flushed.isEmpty())).isTrue();
        assertThat(flushed).containsExactly(IoStatus.OK);
    }

    @Test
    void shouldFailTheFlushOfItsOwnBrickOnlyWhenASyncFails() {
        rig.zero(brick, 3, 2);
        rig.write(neighbour, 7, 1, 9);
        disk.set(Trouble.SYNCS_FAIL);

        assertThat(rig.flush(brick)).isEqualTo(IoStatus.IO_ERROR);
        assertThat(rig.flush(neighbour)).isEqualTo(IoStatus.OK);

        disk.set(Trouble.NONE);
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
    }

    @Test
    void shouldFlushWhatTheSsdHoldsWhenADemotionWaitsForAHangingSync() {
        rig.write(brick, 0, 4, 1);
        rig.flush(brick);
        disk.set(Trouble.SYNCS_HANG);
        List<IoStatus> demoted = new ArrayList<>();
        rig.cache.demote(brick, new int[] {0}, (blocks, skipped, status) -> demoted.add(status));
        rig.write(brick, 600, 1, 5);

        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        assertThat(demoted).isEmpty();

        disk.set(Trouble.NONE);
        rig.loop.runUntil(() -> !demoted.isEmpty());
        assertThat(demoted).containsExactly(IoStatus.OK);
        assertThat(brick.dirtyBytes()).isEqualTo(BLOCK);
    }

    @Test
    void shouldMakeAWriteWithFuaDurableWhenItWentToTheSsdAndTheDiskHangs() {
        rig.zero(brick, 3, 2);
        disk.set(Trouble.SYNCS_HANG);

        assertThat(rig.writeDurably(brick, 7, 1, 9)).isEqualTo(IoStatus.OK);

        assertThat(rig.reloaded("b0").dirtyBytes()).isEqualTo(BLOCK);
    }

    @Test
    void shouldKeepTheRecordOfADirtyBlockUntilWhatReplacedItIsSynced() {
        zeroOverDirty(Trouble.SYNCS_FAIL);
        rig.flush(neighbour);

        assertThat(rig.reloaded("b0").dirtyBytes()).isEqualTo(BLOCK);
        assertThat(brick.dirtyBytes()).isZero();
        assertThat(rig.read(brick, 3)).containsOnly(0);

        disk.set(Trouble.NONE);
        rig.flush(brick);
        assertThat(rig.reloaded("b0").dirtyBytes()).isZero();
        rig.cache.checkStructure(true);
    }

    @Test
    void shouldNotRecordACopyOfWhatTheDiskMayYetLose() {
        disk.set(Trouble.SYNCS_HANG);
        rig.zero(brick, 3, 1);
        assertThat(rig.read(brick, 3)).containsOnly(0);
        rig.loop.runFor(10_000_000);
        rig.flush(neighbour);
        assertThat(brick.cachedBytes()).as("promoted").isEqualTo(BLOCK);
        assertThat(rig.reloaded("b0").cachedBytes()).isZero();

        disk.set(Trouble.NONE);
        rig.flush(brick);
        assertThat(rig.reloaded("b0").cachedBytes()).isEqualTo(BLOCK);
    }

    @Test
    void shouldForgetACopyWhenTheDiskCannotBeSynced() {
        disk.set(Trouble.SYNCS_FAIL);
        rig.zero(brick, 3, 1);
        rig.read(brick, 3);
        rig.loop.runFor(10_000_000);
        assertThat(brick.cachedBytes()).as("promoted").isEqualTo(BLOCK);

        assertThat(rig.flush(brick)).isEqualTo(IoStatus.IO_ERROR);

        assertThat(brick.cachedBytes()).isZero();
        rig.cache.checkStructure(true);
    }

    @Test
    void shouldWriteAroundAPartOfABlockWhoseRestIsNotSynced() {
        zeroOverDirty(Trouble.SYNCS_HANG);

        assertThat(rig.writeSector(brick, 3, 2, 7)).isEqualTo(IoStatus.OK);

        assertThat(brick.counters().aroundUnsyncedBytes).isEqualTo(512);
        disk.set(Trouble.NONE);
        rig.flush(brick);
        assertThat(rig.read(brick, 3)).containsExactly(0, 0, 7, 0, 0, 0, 0, 0);
        assertThat(rig.reloaded("b0").dirtyBytes()).isZero();
    }

    @Test
    void shouldRecordAWholeBlockAtOnceWhenWrittenOverWhatIsNotSynced() {
        zeroOverDirty(Trouble.SYNCS_HANG);

        rig.write(brick, 3, 1, 8);
        rig.flush(neighbour);

        CachedBrick found = rig.reloaded("b0");
        assertThat(found.dirtyBytes()).isEqualTo(BLOCK);
        assertThat(rig.read(found, 3)).containsOnly(8);
        disk.set(Trouble.NONE);
        rig.flush(brick);
        rig.cache.checkStructure(true);
    }

    @Test
    void shouldSettleByItselfWhenNobodyFlushes() {
        zeroOverDirty(Trouble.NONE);
        rig.loop.runFor(3 * CacheOptions.DEFAULTS.commitIntervalNs());

        assertThat(rig.reloaded("b0").dirtyBytes()).isZero();
    }

    @Test
    void shouldTryAgainByItselfWhenASyncFailed() {
        zeroOverDirty(Trouble.SYNCS_FAIL);
        rig.loop.runFor(5 * CacheOptions.DEFAULTS.commitIntervalNs());
        disk.set(Trouble.NONE);
        rig.loop.runFor(20 * CacheOptions.DEFAULTS.commitIntervalNs());

        assertThat(rig.reloaded("b0").dirtyBytes()).isZero();
    }

    @Test
    void shouldStopTheNeighbourWhenASyncFails() {
        rig.write(neighbour, 7, 1, 9);
        rig.zero(brick, 3, 1);
        disk.set(Trouble.SYNCS_FAIL);

        assertThat(rig.await(rig.cache::stop)).isEqualTo(IoStatus.IO_ERROR);

        assertThat(rig.reloaded("b1").dirtyBytes()).isEqualTo(BLOCK);
    }

    @Test
    void shouldNotRecordAnObsoleteSlotOnceMoreWhenItsRecordIsGoneAndTheSsdFailsToSync() {
        zeroOverDirty(Trouble.SYNCS_HANG);
        rig.write(brick, 3, 1, 2);
        rig.flush(neighbour);
        assertThat(brick.awaiting().size()).isOne();
        disk.set(Trouble.NONE);
        assertThat(rig.loop.runUntil(() -> brick.awaiting().size() == 0)).isTrue();
        rig.ssd.setFaults(request -> request.op() == IoOp.FLUSH ? Fault.IO_ERROR : Fault.NONE);
        rig.write(brick, 3, 1, 3);
        rig.flush(neighbour);

        assertThat(rig.reloaded("b0").dirtyBytes()).isEqualTo(BLOCK);
    }
}
