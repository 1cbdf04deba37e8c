package io.brickcache.cache;

import static io.brickcache.cache.LostRig.BLOCK;
import static io.brickcache.cache.LostRig.newContent;
import static io.brickcache.cache.LostRig.oldContent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.LostRig.Answer;
import io.brickcache.cache.index.LostRange;
import io.brickcache.cache.index.LostRange.Cause;
import io.brickcache.cache.index.LostRange.State;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** R7: what the SSD cannot give back is an error where it is asked for, and nowhere else. */
class LostBlocksTest {

    private LostRig rig = new LostRig();

    @AfterEach
    void structureHolds() {
        rig.loop.runFor(5_000_000_000L);
        rig.cache.checkStructure(true);
    }

    private void assertLost(long offset, long length, Cause cause, State state) {
        assertThat(rig.lost()).hasSize(1);
        LostRange range = rig.lost().get(0);
        assertThat(range.offset()).isEqualTo(offset);
        assertThat(range.length()).isEqualTo(length);
        assertThat(range.cause()).isEqualTo(cause);
        assertThat(range.state()).isEqualTo(state);
    }

    private void assertReads(long offset, int length, byte[] content) {
        Answer answer = rig.read(offset, length);
        assertThat(answer.status()).isEqualTo(IoStatus.OK);
        assertThat(answer.bytes()).isEqualTo(content);
    }

    private void assertUnreadable(long offset, int length) {
        assertThat(rig.read(offset, length).status()).isEqualTo(IoStatus.IO_ERROR);
    }

    @Test
    void shouldFailOnlyWhatTouchesTheBlockWhenADirtyBlockIsDamaged() {
        rig.write(0, 8 * BLOCK);
        rig.damage(3);

        assertUnreadable(0, 8 * BLOCK);
        assertUnreadable(3 * BLOCK + 512, 512);
        assertReads(0, 3 * BLOCK, newContent(0, 3 * BLOCK));
        assertReads(4 * BLOCK, 4 * BLOCK, newContent(4 * BLOCK, 4 * BLOCK));
        assertLost(3 * BLOCK, BLOCK, Cause.CHECKSUM, State.UNREADABLE);
    }

    @Test
    void shouldFailOnlyWhatTouchesTheBlockWhenReadsOfADirtyBlockFail() {
        rig.write(0, 8 * BLOCK);
        rig.failReads(3);

        assertUnreadable(0, 8 * BLOCK);
        assertReads(0, 3 * BLOCK, newContent(0, 3 * BLOCK));
        assertReads(4 * BLOCK, 4 * BLOCK, newContent(4 * BLOCK, 4 * BLOCK));
        assertLost(3 * BLOCK, BLOCK, Cause.READ_ERROR, State.UNREADABLE);
    }

    @Test
    void shouldServeWhatOnlyTheDiskHasWhenAPartOfTheBlockIsDamaged() {
        rig.write(1024, 512);
        rig.damage(0);

        assertReads(0, 1024, oldContent(0, 1024));
        assertReads(1536, BLOCK - 1536, oldContent(1536, BLOCK - 1536));
        assertUnreadable(1024, 512);
        assertUnreadable(0, BLOCK);
        assertLost(1024, 512, Cause.CHECKSUM, State.UNREADABLE);
    }

    @Test
    void shouldReadAgainWhenATransferFailsOnce() {
        rig.write(0, BLOCK);
        rig.flipNextReads(1);

        assertReads(0, BLOCK, newContent(0, BLOCK));
        assertThat(rig.lost()).isEmpty();
        assertThat(rig.brick().counters().checksumErrors).isEqualTo(1);
    }

    @Test
    void shouldServeFromTheDiskWhenACleanBlockIsDamaged() {
        rig.read(0, BLOCK);
        rig.damage(0);

        assertReads(0, BLOCK, oldContent(0, BLOCK));
        assertThat(rig.lost()).isEmpty();
        assertThat(rig.brick().counters().checksumErrors).isPositive();
    }

    @Test
    void shouldNoticeDamageWhenABlockIsPrefetched() {
        rig.write(0, BLOCK);
        rig.damage(0);

        assertThat(rig.request(IoOp.CACHE, 0, BLOCK, 0).status()).isEqualTo(IoStatus.IO_ERROR);
        assertLost(0, BLOCK, Cause.CHECKSUM, State.UNREADABLE);
    }

    @Test
    void shouldHealWhenTheBlockIsOverwritten() {
        rig.write(0, 2 * BLOCK);
        rig.damage(0);
        assertUnreadable(0, BLOCK);

        assertThat(rig.write(0, BLOCK).status()).isEqualTo(IoStatus.OK);

        assertReads(0, 2 * BLOCK, newContent(0, 2 * BLOCK));
        assertThat(rig.lost()).isEmpty();
    }

    @Test
    void shouldHealWhenTheBlockIsZeroed() {
        rig.write(0, BLOCK);
        rig.damage(0);
        assertUnreadable(0, BLOCK);

        assertThat(rig.request(IoOp.WRITE_ZEROES, 0, BLOCK, 0).status()).isEqualTo(IoStatus.OK);

        assertReads(0, BLOCK, new byte[BLOCK]);
        assertThat(rig.lost()).isEmpty();
    }

    @Test
    void shouldHealWhenALaterReadSucceeds() {
        rig.write(0, BLOCK);
        rig.failReads(0);
        assertUnreadable(0, BLOCK);
        rig.heal();

        assertReads(0, BLOCK, newContent(0, BLOCK));
        assertThat(rig.lost()).isEmpty();
    }

    @Test
    void shouldKnowWhatIsLostWhenTheCacheIsOpenedAgain() {
        rig.write(0, BLOCK);
        rig.damage(0);
        assertUnreadable(0, BLOCK);
        LostRange before = rig.lost().get(0);

        rig.restart();

        assertLost(0, BLOCK, Cause.CHECKSUM, State.UNREADABLE);
        assertThat(rig.lost().get(0).sinceMs()).isEqualTo(before.sinceMs());
        assertUnreadable(0, BLOCK);
    }

    @Test
    void shouldForgetWhatWasHealedWhenTheCacheIsOpenedAgain() {
        rig.write(0, BLOCK);
        rig.damage(0);
        assertUnreadable(0, BLOCK);
        rig.flush();
        rig.write(0, BLOCK);
        rig.flush();

        rig.crash();

        assertThat(rig.lost()).isEmpty();
        assertReads(0, BLOCK, newContent(0, BLOCK));
    }

    @Test
    void shouldKeepTheRestOfTheBlockFromBeingReadWhenAPartOfItIsOverwritten() {
        rig.write(0, BLOCK);
        rig.damage(0);

        assertThat(rig.write(1024, 512).status()).isEqualTo(IoStatus.OK);

        assertReads(1024, 512, newContent(1024, 512));
        assertUnreadable(0, 512);
        assertUnreadable(1536, 512);
        assertThat(rig.lost()).hasSize(2).allMatch(range -> range.state() == State.GONE);
        assertThat(rig.brick().lost().bytes()).isEqualTo(BLOCK - 512);
        assertThat(rig.brick().lost().blocks()).isEqualTo(1);
    }

    /** While another block awaits its disk; the record of the slot before is held no longer. */
    @Test
    void shouldLoseAllOfTheBlockWhenThePartThatWasOverwrittenIsLostToo() {
        rig.write(0, BLOCK);
        rig.write(5 * BLOCK, BLOCK);
        rig.flush();
        rig.damage(0);
        rig.write(1024, 512);
        rig.damage(0);
        rig.refuseSsdWrites(true);
        rig.write(5 * BLOCK, BLOCK);
        rig.refuseSsdWrites(false);
        assertThat(rig.brick().awaiting().hasObsolete()).isTrue();
        rig.loseSyncs();
        rig.loop.runUntil(() -> rig.brick().counters().lostBlocks > 0);
        rig.heal();

        assertThat(rig.lost())
                .extracting(LostRange::offset, LostRange::state)
                .containsExactly(tuple(0L, State.GONE), tuple(1024L, State.UNREADABLE), tuple(1536L, State.GONE));
        assertThat(rig.brick().lost().bytes()).isEqualTo(BLOCK);
        rig.cache.checkStructure(false);
        assertUnreadable(0, 512);
        assertUnreadable(1024, 512);
        assertThat(rig.write(2048, 512).status()).isEqualTo(IoStatus.OK);
        assertReads(2048, 512, newContent(2048, 512));
        assertUnreadable(0, 2048);
    }

    @Test
    void shouldNotServeOldContentAfterACrashWhenTheRestOfABlockIsGone() {
        rig.write(0, BLOCK);
        rig.damage(0);
        rig.write(1024, 512);
        rig.flush();
        rig.flushBrick();
        rig.flush();

        rig.crash();

        assertReads(1024, 512, newContent(1024, 512));
        assertUnreadable(0, BLOCK);
        assertUnreadable(0, 512);
    }

    @Test
    void shouldServeOldContentWhenAPlantedBugForgetsTheListAtARestart() {
        rig = new LostRig(PlantedBug.FORGETS_LOST);
        rig.write(0, BLOCK);
        rig.damage(0);
        rig.write(1024, 512);
        rig.flush();

        rig.crash();

        assertThatThrownBy(() -> assertUnreadable(0, 512)).isInstanceOf(AssertionError.class);
    }

    @Test
    void shouldHealPieceByPieceWhenWhatIsGoneIsOverwritten() {
        rig.write(0, BLOCK);
        rig.damage(0);
        rig.write(1024, 512);

        rig.write(0, 512);
        assertReads(0, 512, newContent(0, 512));
        assertUnreadable(512, 512);
        rig.write(0, 1024);
        rig.write(1536, BLOCK - 1536);

        assertReads(0, BLOCK, newContent(0, BLOCK));
        assertThat(rig.lost()).isEmpty();
    }

    @Test
    void shouldFailTheWriteAndKeepTheBlockWhenTheWholeSsdIsOutOfReach() {
        rig.write(0, BLOCK);
        rig.loseSsd();

        assertThat(rig.write(1024, 512).status()).isEqualTo(IoStatus.IO_ERROR);
        rig.heal();

        assertReads(0, 1024, newContent(0, 1024));
        assertReads(1536, 512, newContent(1536, 512));
        assertThat(rig.lost()).isEmpty();
    }

    @Test
    void shouldTakeTheRestOfTheBlockAlongWhenAWriteGoesAroundAndATransferFailsOnce() {
        rig.write(0, BLOCK);
        rig.flush();
        rig.refuseSsdWrites(true);
        rig.flipNextReads(1);

        assertThat(rig.write(1024, 512).status()).isEqualTo(IoStatus.OK);

        assertThat(rig.onDisk(0, BLOCK)).isEqualTo(newContent(0, BLOCK));
        assertReads(0, BLOCK, newContent(0, BLOCK));
        assertThat(rig.lost()).isEmpty();
    }

    @Test
    void shouldKeepTheRestOfTheBlockFromBeingReadWhenAWriteGoesAroundADamagedBlock() {
        rig.write(0, BLOCK);
        rig.flush();
        rig.damage(0);
        rig.refuseSsdWrites(true);

        assertThat(rig.write(1024, 512).status()).isEqualTo(IoStatus.OK);

        assertReads(1024, 512, newContent(1024, 512));
        assertUnreadable(0, 512);
        assertUnreadable(1536, BLOCK - 1536);
        rig.flush();
        rig.crash();
        assertReads(1024, 512, newContent(1024, 512));
        assertUnreadable(0, 512);
        assertUnreadable(1536, BLOCK - 1536);
    }

    @Test
    void shouldStayUnreadableAfterACrashWhenTheWriteAroundItIsNotFlushed() {
        rig.write(0, BLOCK);
        rig.flush();
        rig.damage(0);
        rig.refuseSsdWrites(true);
        rig.write(1024, 512);

        rig.crash();

        assertUnreadable(0, 512);
        assertUnreadable(1536, BLOCK - 1536);
    }

    @Test
    void shouldServeNothingOlderAfterACrashWhenWhatIsGoneWasWrittenAround() {
        rig.write(0, BLOCK);
        rig.damage(0);
        rig.write(1024, 512);
        rig.flush();
        rig.refuseSsdWrites(true);

        assertThat(rig.write(0, BLOCK).status()).isEqualTo(IoStatus.OK);
        assertThat(rig.lost()).isEmpty();
        rig.crash();

        Answer answer = rig.read(0, 512);
        if (answer.status().isOk()) {
            assertThat(answer.bytes()).isEqualTo(newContent(0, 512));
        }
    }

    @Test
    void shouldDemoteTheNeighboursWhenABlockIsDamaged() {
        rig.write(0, 8 * BLOCK);
        rig.damage(3);

        assertThat(rig.demote(0)).isEqualTo(IoStatus.OK);

        assertThat(rig.onDisk(0, 3 * BLOCK)).isEqualTo(newContent(0, 3 * BLOCK));
        assertThat(rig.onDisk(3 * BLOCK, BLOCK)).isEqualTo(oldContent(3 * BLOCK, BLOCK));
        assertThat(rig.onDisk(4 * BLOCK, 4 * BLOCK)).isEqualTo(newContent(4 * BLOCK, 4 * BLOCK));
        assertThat(rig.brick().regions().dirtyBlocks()).isEqualTo(1);
        assertLost(3 * BLOCK, BLOCK, Cause.CHECKSUM, State.UNREADABLE);
        assertUnreadable(3 * BLOCK, BLOCK);
    }

    @Test
    void shouldDemoteTheNeighboursWhenReadsOfABlockFail() {
        rig.write(0, 8 * BLOCK);
        rig.failReads(3);

        assertThat(rig.demote(0)).isEqualTo(IoStatus.OK);

        assertThat(rig.brick().regions().dirtyBlocks()).isEqualTo(1);
        assertLost(3 * BLOCK, BLOCK, Cause.READ_ERROR, State.UNREADABLE);
    }

    @Test
    void shouldLoseTheBlockForGoodWhenAPlantedBugMakesItClean() {
        rig = new LostRig(PlantedBug.CLEANS_LOST);
        rig.write(0, 8 * BLOCK);
        rig.damage(3);

        rig.demote(0);

        assertThatThrownBy(() -> assertUnreadable(3 * BLOCK, BLOCK)).isInstanceOf(AssertionError.class);
    }

    @Test
    void shouldLeaveALostBlockAloneForAWhileWhenDemotingAndTryItWhenFlushing() {
        rig.write(0, BLOCK);
        rig.failReads(0);
        rig.demote(0);
        int reads = rig.ssdReads;

        rig.demote(0);
        assertThat(rig.ssdReads).isEqualTo(reads);

        rig.heal();
        assertThat(rig.flushBrick()).isEqualTo(IoStatus.OK);
        assertThat(rig.brick().regions().dirtyBlocks()).isZero();
        assertThat(rig.lost()).isEmpty();
        assertThat(rig.onDisk(0, BLOCK)).isEqualTo(newContent(0, BLOCK));
    }

    @Test
    void shouldTryALostBlockAgainWhenTenMinutesHavePassed() {
        rig.write(0, BLOCK);
        rig.failReads(0);
        rig.demote(0);
        rig.heal();

        rig.loop.runFor(601_000_000_000L);
        rig.demote(0);

        assertThat(rig.brick().regions().dirtyBlocks()).isZero();
        assertThat(rig.lost()).isEmpty();
    }

    @Test
    void shouldFlushEverythingElseWhenBlocksAreLost() {
        rig.write(0, 4 * BLOCK);
        rig.write(4L << 20, 4 * BLOCK);
        rig.damage(1);

        assertThat(rig.flushBrick()).isEqualTo(IoStatus.OK);

        assertThat(rig.brick().regions().dirtyBlocks()).isEqualTo(1);
        assertThat(rig.brick().lost().blocks()).isEqualTo(1);
        assertThat(rig.onDisk(4L << 20, 4 * BLOCK)).isEqualTo(newContent(4L << 20, 4 * BLOCK));
    }

    @Test
    void shouldRefuseToDetachUnlessWhatIsLostIsGivenUp() {
        rig.write(0, 4 * BLOCK);
        rig.damage(1);
        rig.flushBrick();
        CachedBrick brick = rig.brick();

        assertThat(rig.await(done -> rig.cache.detach(brick, done))).isEqualTo(IoStatus.INVALID);
        assertThat(rig.await(done -> rig.cache.detachGivingUpLost(brick, done))).isEqualTo(IoStatus.OK);

        assertThat(rig.cache.bricks()).isEmpty();
        assertThat(rig.onDisk(BLOCK, BLOCK)).isEqualTo(oldContent(BLOCK, BLOCK));
        assertThat(rig.onDisk(2 * BLOCK, BLOCK)).isEqualTo(newContent(2 * BLOCK, BLOCK));
    }

    @Test
    void shouldRefuseToGiveUpWhatIsOnlyDirtyWhenDetaching() {
        rig.write(0, 4 * BLOCK);
        rig.flush();
        CachedBrick brick = rig.brick();

        assertThat(rig.await(done -> rig.cache.detachGivingUpLost(brick, done))).isEqualTo(IoStatus.INVALID);
        assertReads(0, 4 * BLOCK, newContent(0, 4 * BLOCK));
    }
}
