package io.brickcache.cache;

import static io.brickcache.cache.CacheRig.BLOCK;
import static io.brickcache.cache.CacheRig.BRICK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.Fault;
import io.brickcache.block.sim.Faults;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.cache.CacheRig.Behind;
import io.brickcache.cache.index.LostRange;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Writes that are answered before the SSD has them. */
class WritesBehindTest {

    private static final long LONG_NS = 20_000_000_000L;

    private final CacheRig rig = new CacheRig(11, CacheRig.Refused.TO_THE_SPARE_JOURNAL);
    private final Medium platters = new Medium(BRICK_BYTES, 512);
    private final SimDevice disk = rig.device("disk 0", platters);
    private final CachedBrick brick = rig.attach(disk);
    private final List<IoStatus> answers = new ArrayList<>();

    @Test
    void shouldAnswerAWriteBeforeTheSsdHasIt() {
        rig.ssd.setHanging(true);
        Behind write = rig.writeBehind(brick, 5, 3, 50);
        rig.loop.runFor(LONG_NS);
        assertThat(write.accepted).isTrue();
        assertThat(write.status).isNull();
        assertThat(brick.isBusy()).isTrue();

        rig.ssd.setHanging(false);
        rig.loop.runUntil(() -> write.status != null);
        assertThat(write.status).isEqualTo(IoStatus.OK);
        assertThat(rig.read(brick, 6)).containsOnly(51);
    }

    @Test
    void shouldLetReadsOfTheSameBytesWaitAndNoOthers() {
        rig.ssd.setHanging(true);
        rig.writeBehind(brick, 5, 1, 50);
        rig.writeBehind(brick, 7, 1, 70);
        rig.submitRead(brick, 4, 4, answers::add);
        rig.loop.runFor(LONG_NS);
        assertThat(answers).isEmpty();
        rig.submitRead(brick, 6, 1, answers::add);
        rig.loop.runFor(LONG_NS);
        assertThat(answers).containsExactly(IoStatus.OK);

        rig.ssd.setHanging(false);
        assertThat(rig.loop.runUntil(() -> answers.size() == 2)).isTrue();
        assertThat(rig.read(brick, 5)).containsOnly(50);
        assertThat(rig.read(brick, 7)).containsOnly(70);
    }

    @Test
    void shouldLetAFlushWait() {
        rig.ssd.setHanging(true);
        rig.writeBehind(brick, 5, 1, 50);
        CacheRig.submitFlush(brick, answers::add);
        rig.loop.runFor(LONG_NS);
        assertThat(answers).isEmpty();

        rig.ssd.setHanging(false);
        assertThat(rig.loop.runUntil(() -> !answers.isEmpty())).isTrue();
        assertThat(answers).containsExactly(IoStatus.OK);
        assertThat(rig.reloaded("b0").dirtyBytes()).isEqualTo(BLOCK);
    }

    @Test
    void shouldNotLetAFlushWaitForWhatCameAfterIt() {
        rig.ssd.setFaults(request -> request.offset() == 0 ? Fault.IO_ERROR : Fault.NONE);
        Behind first = rig.writeBehind(brick, 0, 1, 1);
        CacheRig.submitFlush(brick, answers::add);
        rig.loop.runUntil(() -> first.status != null);
        rig.ssd.setFaults(Faults.NONE);
        for (int i = 0; answers.isEmpty(); i++) {
            assertThat(i).as("writes that a flush waits for").isLessThan(1000);
            Behind next = rig.writeBehind(brick, 1 + i % 3, 1, i);
            rig.loop.runUntil(() -> next.status != null || !answers.isEmpty());
        }
        assertThat(answers).containsExactly(IoStatus.OK);
    }

    @Test
    void shouldNotAnswerEarlyWhatMustBeDurableOrIsDividedOrGoesAround() {
        assertThat(rig.writeBehind(brick, 5, 1, 50, 0).accepted).isFalse();
        assertThat(rig.writeBehind(brick, 5, 1, 51, IoRequest.FUA | IoRequest.BEHIND).accepted)
                .isFalse();
        assertThat(rig.writeBehind(brick, 254, 4, 1).accepted).as("two parts").isFalse();
        rig.loop.runFor(LONG_NS);
        rig.write(brick, 0, 200, 0);
        rig.write(brick, 300, CacheRig.SLOTS - 200, 0);
        assertThat(rig.writeBehind(brick, 700, 64, 1).accepted)
                .as("a full cache")
                .isFalse();
    }

    @Test
    void shouldAnswerNoMoreThanSoManyEarly() {
        rig.ssd.setHanging(true);
        for (int i = 0; i < WritesBehind.MAX; i++) {
            assertThat(rig.writeBehind(brick, i, 1, i).accepted).isTrue();
        }
        Behind beyond = rig.writeBehind(brick, 100, 1, 100);
        assertThat(beyond.accepted).isFalse();

        rig.ssd.setHanging(false);
        rig.loop.runUntil(() -> beyond.status != null && !brick.isBusy());
        assertThat(rig.writeBehind(brick, 101, 1, 101).accepted).isTrue();
    }

    @Test
    void shouldGiveTheDiskWhatTheSsdDoesNotTakeInTheOrderOfTheWrites() {
        failWrites(rig.ssd);
        Behind older = rig.writeBehind(brick, 5, 2, 50);
        Behind newer = rig.writeBehind(brick, 5, 1, 60);
        assertThat(older.accepted).isTrue();
        rig.loop.runUntil(() -> older.status != null && newer.status != null);

        assertThat(older.status).isEqualTo(IoStatus.OK);
        assertThat(rig.read(brick, 5)).containsOnly(60);
        assertThat(rig.read(brick, 6)).containsOnly(51);
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        assertThat(brick.lost().isEmpty()).isTrue();
    }

    @Test
    void shouldTryTheDiskAgainWhenThatFailsToo() {
        failWrites(rig.ssd);
        failWrites(disk);
        Behind write = rig.writeBehind(brick, 5, 1, 50);
        rig.loop.runFor(1_500_000_000L);
        assertThat(write.status).isNull();

        disk.setFaults(Faults.NONE);
        rig.loop.runUntil(() -> write.status != null);
        assertThat(write.status).isEqualTo(IoStatus.OK);
        assertThat(rig.read(brick, 5)).containsOnly(50);
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
    }

    @Test
    void shouldTellOneFlushAndShowNothingOlderWhenNeitherDeviceTakesWhatWasAnswered() {
        rig.writeDurably(brick, 5, 2, 40);
        failWrites(rig.ssd);
        failWrites(disk);
        Behind write = rig.writeBehind(brick, 6, 2, 50);
        CacheRig.submitFlush(brick, answers::add);
        rig.submitRead(brick, 6, 1, answers::add);
        rig.loop.runUntil(() -> answers.size() == 2);
        assertThat(write.status).isEqualTo(IoStatus.IO_ERROR);
        assertThat(answers).containsExactly(IoStatus.IO_ERROR, IoStatus.IO_ERROR);
        assertThat(brick.counters().lostBlocks).isEqualTo(2);

        rig.ssd.setFaults(Faults.NONE);
        disk.setFaults(Faults.NONE);
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        assertThat(rig.read(brick, 5)).containsOnly(40);
        assertThat(rig.read(brick, 6)).isNull();
        assertThat(rig.read(brick, 7)).isNull();
        assertThat(brick.lost().from(0, 10))
                .singleElement()
                .returns(6L * BLOCK, LostRange::offset)
                .returns(2L * BLOCK, LostRange::length)
                .returns(LostRange.Cause.WRITE_ERROR, LostRange::cause);
        assertThat(rig.reloaded("b0").lost().isGone(7L * BLOCK, BLOCK)).isTrue();

        rig.writeDurably(brick, 6, 2, 60);
        assertThat(rig.read(brick, 7)).containsOnly(61);
        assertThat(rig.reloaded("b0").lost().isEmpty()).isTrue();
    }

    private static void failWrites(SimDevice device) {
        device.setFaults(request -> request.op() == IoOp.WRITE ? Fault.IO_ERROR : Fault.NONE);
    }
}
