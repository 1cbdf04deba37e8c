package io.brickcache.cache;

import static io.brickcache.cache.CacheRig.BLOCK;
import static io.brickcache.cache.CacheRig.BRICK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.Fault;
import io.brickcache.block.sim.Faults;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.cache.index.LostRange;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.demotion.Demoter;
import io.brickcache.demotion.DemotionOptions;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The cache while its metadata store or its SSD fails: what it takes, what it answers, and how it comes back. */
class FailingCacheTest {

    private static final MetadataException.Kind FULL = MetadataException.Kind.NO_SPACE;

    private final CacheRig rig = new CacheRig(47, CacheRig.Refused.TO_THE_SPARE_JOURNAL);
    private final Medium platters = new Medium(BRICK_BYTES, 512);
    private final SimDevice ownDisk = rig.device("disk 0", platters);
    private final CachedBrick brick = rig.attach(ownDisk);
    private final List<CacheHealth> heard = new ArrayList<>();

    FailingCacheTest() {
        rig.cache.onHealth(heard::add);
    }

    // ---- metadata

    @Test
    void shouldWriteAroundAndDemoteEverythingWhenTheMetadataCannotBeWritten() {
        rig.write(brick, 0, 4, 1);
        rig.store.failNext(Integer.MAX_VALUE, new MetadataException(FULL, "the directory is full"));

        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        assertThat(rig.cache.health()).isEqualTo(CacheHealth.METADATA_FAILING);
        assertThat(rig.cache.healthReason()).contains("nothing is lost", "the directory is full");
        assertThat(rig.reloaded("b0").dirtyBytes()).isEqualTo(4L * BLOCK);

        rig.writeDurably(brick, 8, 2, 7);
        assertThat(brick.counters().aroundSsdErrorBytes).isEqualTo(2L * BLOCK);
        assertThat(onDisk(8)).isEqualTo((byte) 7);

        Demoter demoter = new Demoter(rig.cache, DemotionOptions.of(CacheOptions.DEFAULTS));
        demoter.start();
        assertThat(rig.loop.runUntil(() -> brick.dirtyBytes() == 0)).isTrue();
        assertThat(onDisk(3)).isEqualTo((byte) 4);
        assertThat(rig.await(done -> demoter.stop(() -> done.accept(IoStatus.OK))))
                .isEqualTo(IoStatus.OK);
    }

    @Test
    void shouldServeAgainWhenTheMetadataCanBeWritten() {
        rig.store.failNext(Integer.MAX_VALUE, new MetadataException(FULL, "the directory is full"));
        rig.writeDurably(brick, 0, 1, 1);
        rig.store.failNext(0, new MetadataException(FULL, "no failure"));

        assertThat(rig.loop.runUntil(() -> rig.cache.health() == CacheHealth.SERVING))
                .isTrue();
        assertThat(heard).containsExactly(CacheHealth.METADATA_FAILING, CacheHealth.SERVING);
        assertThat(rig.cache.healthReason()).isEmpty();
        assertThat(rig.spare.batches()).isZero();
        rig.writeDurably(brick, 8, 2, 7);
        assertThat(brick.counters().aroundSsdErrorBytes).isZero();
        assertThat(rig.reloaded("b0").dirtyBytes()).isEqualTo(3L * BLOCK);
    }

    // ---- a sync of the SSD fails

    @Test
    void shouldAnswerTheFlushFromTheDiskWhenTheSsdLosesWhatItShouldSync() {
        rig.writeDurably(brick, 5, 1, 50);
        rig.write(brick, 5, 1, 51);
        rig.write(brick, 9, 1, 90);
        failSyncs();

        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        assertThat(rig.cache.health()).isEqualTo(CacheHealth.SSD_FAILING);
        assertThat(brick.counters().rescuedBlocks).isEqualTo(2);
        assertThat(brick.counters().lostBlocks).isZero();

        rig.ssdMedium.losePower(rig.entropy);
        platters.losePower(rig.entropy);
        assertThat(onDisk(5)).isEqualTo((byte) 51);
        assertThat(onDisk(9)).isEqualTo((byte) 90);
        assertThat(rig.reloaded("b0").dirtyBytes()).as("dirty after a restart").isZero();

        rig.ssd.setFaults(Faults.NONE);
        assertThat(rig.loop.runUntil(() -> rig.cache.health() == CacheHealth.SERVING))
                .isTrue();
        rig.writeDurably(brick, 5, 1, 52);
        assertThat(rig.read(brick, 5)).containsOnly(52);
        assertThat(rig.reloaded("b0").dirtyBytes()).isEqualTo(BLOCK);
    }

    @Test
    void shouldKeepTheRecordOfTheContentBeforeUntilTheDiskHasTheNewOne() {
        rig.writeDurably(brick, 5, 1, 50);
        rig.write(brick, 5, 1, 51);
        failSyncs();
        List<IoStatus> flushed = new ArrayList<>();
        CacheRig.submitFlush(brick, flushed::add);

        while (flushed.isEmpty()) {
            long next = rig.loop.steps() + 1;
            rig.loop.runUntil(() -> rig.loop.steps() >= next);
            if (flushed.isEmpty() && onDisk(5) != 51) {
                assertThat(rig.reloaded("b0").dirtyBytes()).isEqualTo(BLOCK);
            }
        }
        assertThat(flushed).containsExactly(IoStatus.OK);
    }

    @Test
    void shouldStillListWhatIsGoneWhileTheSlotThatBringsItBackIsInDoubt() {
        assertThat(brick.lost().giveUp(5, brick.fullMask(5), 0, 0, LostRange.Cause.CHECKSUM))
                .isTrue();
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        rig.write(brick, 5, 1, 51);
        assertThat(rig.read(brick, 5)).containsOnly(51);
        failSyncs();
        List<IoStatus> flushed = new ArrayList<>();
        CacheRig.submitFlush(brick, flushed::add);

        while (flushed.isEmpty()) {
            long next = rig.loop.steps() + 1;
            rig.loop.runUntil(() -> rig.loop.steps() >= next);
            if (flushed.isEmpty() && onDisk(5) != 51) {
                assertThat(rig.reloaded("b0").lost().isGone(5L * BLOCK, BLOCK)).isTrue();
            }
        }
        assertThat(flushed).containsExactly(IoStatus.OK);
        assertThat(rig.reloaded("b0").lost().isEmpty()).isTrue();
        assertThat(rig.read(brick, 5)).containsOnly(51);
    }

    @Test
    void shouldStillListWhatIsGoneWhenItIsWrittenAroundWhileInDoubtAndTheDiskDoesNotSync() {
        assertThat(brick.lost().giveUp(5, brick.fullMask(5), 0, 0, LostRange.Cause.CHECKSUM))
                .isTrue();
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        rig.write(brick, 5, 1, 51);
        ownDisk.setFaults(request -> request.op() == IoOp.FLUSH ? Fault.IO_ERROR : Fault.NONE);
        failSyncs();
        CacheRig.submitFlush(brick, status -> {});
        rig.loop.runUntil(() -> rig.cache.stats().failedCommits() > 0);
        rig.submitWrite(brick, 5, 52, status -> {});
        rig.loop.runFor(10_000_000_000L);

        assertThat(rig.reloaded("b0").lost().isGone(5L * BLOCK, BLOCK)).isTrue();

        ownDisk.setFaults(Faults.NONE);
        rig.ssd.setFaults(Faults.NONE);
        rig.write(brick, 5, 1, 53);
        assertThat(rig.loop.runUntil(() -> rig.flush(brick) == IoStatus.OK)).isTrue();
        assertThat(rig.reloaded("b0").lost().isEmpty()).isTrue();
        assertThat(rig.read(brick, 5)).containsOnly(53);
    }

    @Test
    void shouldFailOneFlushAndTheBlockAloneWhenWhatWasNotSyncedCannotBeReadBack() {
        rig.write(brick, 5, 1, 51);
        rig.ssd.setFaults(request -> Fault.IO_ERROR);

        assertThat(rig.flush(brick)).isEqualTo(IoStatus.IO_ERROR);
        assertThat(brick.counters().lostBlocks).isEqualTo(1);
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        assertThat(rig.read(brick, 5)).isNull();
        assertThat(rig.read(brick, 6)).containsOnly(0);

        rig.ssd.setFaults(Faults.NONE);
        assertThat(rig.read(brick, 5)).as("gone for good").isNull();
        rig.writeDurably(brick, 5, 1, 52);
        assertThat(rig.read(brick, 5)).containsOnly(52);
    }

    /** The flush that is to hear of a loss comes while another brick is being rescued. */
    @Test
    void shouldAnswerTheFlushOfABrickThatLostSomethingWhenItWaitedForAnotherBrick() {
        SimDevice disk = rig.device("disk 1", new Medium(BRICK_BYTES, 512));
        CachedBrick other = rig.attach(disk);
        rig.write(brick, 5, 1, 51);
        rig.ssd.setFaults(request -> Fault.IO_ERROR);
        assertThat(rig.loop.runUntil(() -> brick.counters().lostBlocks == 1)).isTrue();
        rig.ssd.setFaults(Faults.NONE);
        assertThat(rig.loop.runUntil(() -> rig.cache.health() == CacheHealth.SERVING))
                .isTrue();

        rig.write(other, 9, 1, 90);
        failSyncs();
        boolean[] rescuing = new boolean[1];
        disk.setFaults(request -> {
            rescuing[0] |= request.op() == IoOp.WRITE;
            return Fault.NONE;
        });
        assertThat(rig.loop.runUntil(() -> rescuing[0])).isTrue();
        List<IoStatus> flushed = new ArrayList<>();
        CacheRig.submitFlush(brick, flushed::add);
        long untilNs = rig.loop.nowNs() + 60_000_000_000L;
        rig.loop.runUntil(() -> !flushed.isEmpty() || rig.loop.nowNs() > untilNs);
        assertThat(flushed).containsExactly(IoStatus.IO_ERROR);
        assertThat(other.counters().rescuedBlocks).isEqualTo(1);
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
    }

    /** A demotion that awaits its sync knows what it marked by slot and block; the same two may come again meanwhile. */
    @Test
    void shouldNotCallCleanWhatIsInDoubtWhenADemotionOfTheSameSlotAndBlockIsUnderWay() {
        TroubledDisk disk = new TroubledDisk(rig.device("disk 1", BRICK_BYTES));
        CachedBrick other = rig.attach(disk);
        rig.writeDurably(brick, 100, 1, 76);
        rig.write(other, 5, 1, 50);
        rig.flush(other);
        int slot = 0;
        while (rig.onSsd(slot) != 50) {
            slot++;
        }
        disk.set(TroubledDisk.Trouble.SYNCS_HANG);
        List<IoStatus> demoted = new ArrayList<>();
        rig.cache.demote(other, new int[] {0}, (blocks, skipped, status) -> demoted.add(status));
        rig.loop.runFor(1_000_000_000L);

        rig.writeDurably(other, 5, 1, 51);
        while (rig.onSsd(slot - 1) != 77) {
            rig.writeDurably(brick, 100, 1, 77);
        }
        rig.write(other, 5, 1, 52);
        assertThat(rig.onSsd(slot)).as("the slot of 50 again").isEqualTo((byte) 52);
        failSyncs();
        List<IoStatus> flushed = new ArrayList<>();
        CacheRig.submitFlush(other, flushed::add);
        rig.loop.runFor(1_000_000_000L);
        disk.set(TroubledDisk.Trouble.NONE);
        rig.loop.runFor(60_000_000_000L);

        assertThat(demoted).containsExactly(IoStatus.OK);
        assertThat(flushed).containsExactly(IoStatus.OK);
        assertThat(other.counters().rescuedBlocks).isEqualTo(1);
        assertThat(rig.read(other, 5)).containsOnly(52);
        rig.cache.checkStructure(false);
    }

    /** The record of what the disk had to catch up with is kept until a sync of the disk that begins after that. */
    @Test
    void shouldNotAnswerAFlushWhoseSyncOfTheDiskBeganBeforeWhatWasInDoubtWasSettled() {
        TroubledDisk disk = new TroubledDisk(rig.device("disk 1", BRICK_BYTES));
        CachedBrick other = rig.attach(disk);
        rig.write(other, 5, 1, 50);
        rig.flush(other);
        rig.zero(other, 9, 1);
        rig.write(other, 5, 1, 51);
        disk.set(TroubledDisk.Trouble.SYNCS_HANG);
        List<IoStatus> flushed = new ArrayList<>();
        CacheRig.submitFlush(other, flushed::add);
        failSyncs();
        CacheRig.submitFlush(brick, status -> {});
        rig.loop.runUntil(() -> rig.cache.health() == CacheHealth.SSD_FAILING);
        rig.submitWrite(other, 5, 52, status -> {});
        rig.loop.runFor(1_000_000_000L);

        disk.set(TroubledDisk.Trouble.NONE);
        disk.set(TroubledDisk.Trouble.SYNCS_HANG);
        rig.loop.runFor(1_000_000_000L);
        assertThat(flushed).isEmpty();
        assertThat(rig.reloaded(other.name()).dirtyBytes()).isEqualTo(BLOCK);

        disk.set(TroubledDisk.Trouble.NONE);
        rig.loop.runUntil(() -> !flushed.isEmpty());
        assertThat(flushed).containsExactly(IoStatus.OK);
        assertThat(rig.reloaded(other.name()).dirtyBytes()).isZero();
        assertThat(rig.read(other, 5)).containsOnly(52);
    }

    /** Nothing went to the disk since it was synced; but a slot is obsolete whose wait for a sync began later. */
    @Test
    void shouldNotAnswerAFlushWhileARecordSaysWhatTheDiskHasNewer() {
        rig.write(brick, 5, 1, 50);
        rig.flush(brick);
        CacheCore core = rig.cache.core();
        core.retireWhenSynced(core.find(brick, 5));

        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        assertThat(rig.reloaded("b0").dirtyBytes()).isZero();
    }

    /** What was written around meanwhile and awaits its sync is another matter than the record that is held for a block in doubt. */
    @Test
    void shouldCountWhatAwaitsTheDiskWhenABlockInDoubtIsLost() {
        TroubledDisk disk = new TroubledDisk(rig.device("disk 1", BRICK_BYTES));
        CachedBrick other = rig.attach(disk);
        rig.writeDurably(other, 5, 1, 50);
        rig.writeDurably(other, 9, 1, 90);
        disk.set(TroubledDisk.Trouble.SYNCS_FAIL);
        rig.zero(other, 9, 1);
        assertThat(other.awaiting().hasObsolete()).isTrue();
        rig.write(other, 5, 1, 51);
        rig.ssd.setFaults(request -> Fault.IO_ERROR);
        CacheRig.submitFlush(brick, status -> {});

        assertThat(rig.loop.runUntil(() -> other.counters().lostBlocks == 1)).isTrue();
        rig.cache.checkStructure(false);
        assertThat(other.awaiting().obsolete()).as("block 9").isOne();
        disk.set(TroubledDisk.Trouble.NONE);
        rig.ssd.setFaults(Faults.NONE);
        rig.loop.runFor(10_000_000_000L);
        assertThat(rig.flush(other)).as("tells the loss").isEqualTo(IoStatus.IO_ERROR);
        assertThat(rig.flush(other)).isEqualTo(IoStatus.OK);
        assertThat(other.awaiting().obsolete()).isZero();
        assertThat(rig.read(other, 5)).isNull();
        assertThat(rig.read(other, 9)).containsOnly(0);
    }

    // ---- the SSD is gone

    @Test
    void shouldReadCleanBlocksFromTheDiskAndForgetThemWhenTheSsdIsGone() {
        demoted(0, 16);
        rig.writeDurably(brick, 100, 1, 9);
        rig.ssd.setFaults(request -> Fault.IO_ERROR);
        for (int block = 0; block < 16; block++) {
            assertThat(rig.read(brick, block)).containsOnly(block + 1);
        }
        assertThat(rig.cache.health()).isEqualTo(CacheHealth.SSD_FAILING);
        assertThat(rig.read(brick, 100)).isNull();

        rig.loop.runUntil(() -> brick.cachedBytes() == BLOCK);
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        assertThat(rig.reloaded("b0").cachedBytes()).isEqualTo(BLOCK);

        rig.ssd.setFaults(Faults.NONE);
        assertThat(rig.loop.runUntil(() -> rig.cache.health() == CacheHealth.SERVING))
                .isTrue();
        assertThat(rig.read(brick, 100)).containsOnly(9);
        assertThat(rig.read(brick, 3)).containsOnly(4);
    }

    @Test
    void shouldHealADirtyBlockWhenItIsWrittenWholeWhileTheSsdIsGone() {
        rig.writeDurably(brick, 100, 1, 9);
        rig.writeSector(brick, 101, 2, 8);
        rig.flush(brick);
        goneSsd();

        assertThat(rig.writeDurably(brick, 100, 1, 10)).isEqualTo(IoStatus.OK);
        assertThat(rig.read(brick, 100)).containsOnly(10);
        assertThat(rig.writeSector(brick, 101, 2, 11)).isEqualTo(IoStatus.OK);
        assertThat(rig.read(brick, 101)).containsExactly(0, 0, 11, 0, 0, 0, 0, 0);
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        assertThat(rig.reloaded("b0").dirtyBytes()).isZero();
    }

    @Test
    void shouldStayFailingWhenAnotherSsdComesBack() {
        rig.writeDurably(brick, 100, 1, 9);
        goneSsd();
        rig.ssdMedium.preset(0, ByteBuffer.allocate(BLOCK), 0, BLOCK);
        rig.ssd.setFaults(Faults.NONE);
        long untilNs = rig.loop.nowNs() + 60_000_000_000L;

        rig.loop.runUntil(() -> rig.loop.nowNs() > untilNs);
        assertThat(rig.cache.health()).isEqualTo(CacheHealth.SSD_FAILING);
        assertThat(rig.cache.healthReason()).contains("holds no brickcache data area");
    }

    @Test
    void shouldGoOnServingWhenOneSlotCannotBeRead() {
        demoted(0, 1);
        rig.ssd.setFaults(request -> request.op() == IoOp.READ ? Fault.IO_ERROR : Fault.NONE);
        assertThat(rig.read(brick, 0)).containsOnly(1);
        assertThat(rig.cache.health()).isEqualTo(CacheHealth.SERVING);
    }

    private void failSyncs() {
        rig.ssd.setFaults(request -> request.op() == IoOp.FLUSH ? Fault.LOST_SYNC : Fault.NONE);
    }

    private void goneSsd() {
        rig.ssd.setFaults(request -> Fault.IO_ERROR);
        while (rig.cache.health() == CacheHealth.SERVING) {
            assertThat(rig.read(brick, 100)).isNull();
        }
    }

    /** Writes blocks of the values from 1 on and demotes them. */
    private void demoted(int block, int blocks) {
        rig.writeDurably(brick, block, blocks, 1);
        assertThat(rig.await(done ->
                        rig.cache.demote(brick, new int[] {0}, (count, skipped, status) -> done.accept(status))))
                .isEqualTo(IoStatus.OK);
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        assertThat(brick.dirtyBytes()).isZero();
    }

    private byte onDisk(int block) {
        ByteBuffer sector = ByteBuffer.allocate(512);
        platters.read((long) block * BLOCK, 512, sector, 0);
        return sector.get(0);
    }
}
