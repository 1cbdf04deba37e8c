package io.brickcache.nbd.transmission;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoStatus;
import io.brickcache.nbd.Bytes;
import io.brickcache.nbd.MemoryDevice;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Many requests at a time: order, memory, and the ends of connections. */
class TransmissionFlowTest extends TransmissionRig {

    private void simpleWithAnswersHeldBack() throws Exception {
        client.simple();
        client.device.answering(MemoryDevice.Answer.WHEN_RELEASED, Runnable::run);
    }

    /** All memory is in the buffer that is returned. */
    private IoBuffer simpleWithoutMemory() throws Exception {
        client.simple();
        return requireNonNull(client.pool.tryAllocate(client.pool.maxBytes()));
    }

    @Test
    void shouldUnderstandWhenEveryByteComesAlone() throws Exception {
        byte[] data = Bytes.content(123, 1024);
        client.simple();
        for (byte b : Bytes.join(
                Bytes.request(0, WRITE, 1, 512, 1024),
                data,
                Bytes.request(0, WRITE, 2, SIZE, 512),
                new byte[512],
                Bytes.request(0, READ, 3, 512, 1024))) {
            client.send(new byte[] {b});
        }

        assertThat(client.received())
                .isEqualTo(Bytes.join(
                        Bytes.simpleReply(0, 1), Bytes.simpleReply(ENOSPC, 2), Bytes.simpleReply(0, 3), data));
    }

    @Test
    void shouldAnswerInOrderOfCompletionWhenDeviceReorders() throws Exception {
        simpleWithAnswersHeldBack();
        client.send(
                Bytes.request(0, READ, 1, 0, 512),
                Bytes.request(0, READ, 2, 4096, 65536),
                Bytes.request(0, READ, 3, 1024, 512));
        assertThat(client.received()).isEmpty();

        client.device.releaseYoungest();
        client.device.releaseYoungest();
        client.device.releaseYoungest();

        assertThat(client.received())
                .isEqualTo(Bytes.join(
                        Bytes.simpleReply(0, 3),
                        Bytes.content(1024, 512),
                        Bytes.simpleReply(0, 2),
                        Bytes.content(4096, 65536),
                        Bytes.simpleReply(0, 1),
                        Bytes.content(0, 512)));
    }

    @Test
    void shouldNotTakeOnMoreWhenAllRequestsAreInFlight() throws Exception {
        simpleWithAnswersHeldBack();
        for (int i = 0; i < TransmissionHandler.MAX_IN_FLIGHT + 3; i++) {
            client.send(Bytes.request(0, FLUSH, i, 0, 0));
        }
        assertThat(client.device.held()).isEqualTo(TransmissionHandler.MAX_IN_FLIGHT);

        client.device.releaseOne();
        client.received();
        assertThat(client.device.held()).isEqualTo(TransmissionHandler.MAX_IN_FLIGHT);

        client.device.releaseAll();
        client.received();
        client.device.releaseAll();
        client.received();
        assertThat(client.device.log()).hasSize(TransmissionHandler.MAX_IN_FLIGHT + 3);
    }

    @Test
    void shouldAnswerAWriteOnceWhenTheDeviceHasAcceptedIt() throws Exception {
        client.device.answering(MemoryDevice.Answer.ACCEPTED, Runnable::run);
        client.simple();
        client.send(
                Bytes.request(0, WRITE, 1, 512, 512),
                Bytes.content(9000, 512),
                Bytes.request(FUA, WRITE, 2, 4096, 512),
                Bytes.content(9000, 512));
        assertThat(client.received()).isEqualTo(Bytes.simpleReply(0, 1));
        assertThat(client.pool.usedBytes()).as("the device still reads it").isEqualTo(2 * 4096);

        client.device.releaseOne();
        assertThat(client.received()).isEmpty();
        client.device.failWith(IoStatus.IO_ERROR);
        client.device.releaseOne();
        assertThat(client.received()).isEqualTo(Bytes.simpleReply(EIO, 2));
        assertThat(client.pool.usedBytes()).isZero();
    }

    private void sendAcceptedWrite() throws Exception {
        client.device.answering(MemoryDevice.Answer.ACCEPTED, Runnable::run);
        client.simple();
        client.send(Bytes.request(0, WRITE, 1, 512, 512), Bytes.content(9000, 512));
        assertThat(client.received()).isEqualTo(Bytes.simpleReply(0, 1));
    }

    @Test
    void shouldNotTellTheClientWhenAnAcceptedWriteFails() throws Exception {
        sendAcceptedWrite();

        client.device.failWith(IoStatus.IO_ERROR);
        client.device.releaseOne();
        assertThat(client.received()).isEmpty();
        assertThat(client.pool.usedBytes()).isZero();
    }

    @Test
    void shouldKeepTheMemoryOfAnAcceptedWriteWhenTheClientLeaves() throws Exception {
        sendAcceptedWrite();
        assertThat(client.channel.close().isDone()).isTrue();
        assertThat(client.pool.usedBytes()).isEqualTo(4096);

        client.device.releaseAll();
        assertThat(client.pool.usedBytes()).isZero();
    }

    @Test
    void shouldWaitWithoutHarmToOthersWhenShareOfMemoryIsUsedUp() throws Exception {
        simpleWithAnswersHeldBack();
        for (int i = 0; i < 40; i++) {
            client.send(Bytes.request(0, READ, i, 0, 4096));
        }
        assertThat(client.pool.usedBytes()).isEqualTo(client.pool.maxBytes() / 8);

        for (int i = 0; i < 40; i++) {
            client.device.releaseOne();
            assertThat(client.received()).isEqualTo(Bytes.join(Bytes.simpleReply(0, i), Bytes.content(0, 4096)));
        }
    }

    @Test
    void shouldWaitWhenPoolIsEmptyAndGoOnWhenMemoryComesBack() throws Exception {
        IoBuffer hog = simpleWithoutMemory();
        client.send(
                Bytes.request(0, WRITE, 1, 512, 512), Bytes.content(9000, 512), Bytes.request(0, READ, 2, 512, 512));
        assertThat(client.received()).isEmpty();

        hog.release();

        assertThat(client.received())
                .isEqualTo(Bytes.join(Bytes.simpleReply(0, 1), Bytes.simpleReply(0, 2), Bytes.content(9000, 512)));
    }

    @Test
    void shouldGiveUpItsPlaceWhenClientLeavesWhileWaitingForMemory() throws Exception {
        IoBuffer hog = simpleWithoutMemory();
        client.send(Bytes.request(0, READ, 1, 0, 512));

        assertThat(client.channel.close().isDone()).isTrue();
        hog.release();

        assertThat(client.pool.usedBytes()).isZero();
        assertThat(client.device.log()).isEmpty();
    }

    @Test
    void shouldFinishRequestsAndCloseWhenClientDisconnects() throws Exception {
        simpleWithAnswersHeldBack();
        client.send(
                Bytes.request(0, READ, 1, 0, 65536),
                Bytes.request(0, DISC, 2, 0, 0),
                Bytes.request(0, READ, 3, 0, 512));
        assertThat(client.isClosed()).isFalse();

        client.device.releaseAll();

        assertThat(client.received()).isEqualTo(Bytes.join(Bytes.simpleReply(0, 1), Bytes.content(0, 65536)));
        assertThat(client.isClosed()).isTrue();
        assertThat(client.device.log()).hasSize(1);
    }

    @Test
    void shouldKeepBuffersUntilDeviceIsDoneWhenClientVanishes() throws Exception {
        simpleWithAnswersHeldBack();
        client.send(
                Bytes.request(0, WRITE, 1, 0, 4096),
                Bytes.content(500, 4096),
                Bytes.request(0, READ, 2, 8192, 65536),
                Bytes.request(0, WRITE, 3, 16384, 4096),
                Bytes.content(0, 100));

        assertThat(client.channel.close().isDone()).isTrue();

        assertThat(client.pool.usedBytes())
                .as("the write and the read in flight")
                .isEqualTo(4096 + 65536);
        assertThat(client.connections.countByExport()).containsEntry("brick", 1);
        client.device.releaseAll();
        assertThat(client.pool.usedBytes()).isZero();
        assertThat(client.connections.countByExport()).isEmpty();
        assertThat(Arrays.copyOf(client.device.content(), 4096)).isEqualTo(Bytes.content(500, 4096));
    }

    @Test
    void shouldCloseWhenMagicIsWrong() throws Exception {
        byte[] bad = Bytes.request(0, READ, 1, 0, 512);
        bad[0] = 0;
        client.simple().send(bad, Bytes.request(0, READ, 2, 0, 512));

        assertThat(client.received()).isEmpty();
        assertThat(client.isClosed()).isTrue();
        assertThat(client.device.log()).isEmpty();
    }

    @Test
    void shouldCloseWhenPayloadIsTooLargeToDrain() throws Exception {
        client.simple().send(Bytes.request(0, WRITE, 1, 0, (64 << 20) + 512));

        assertThat(client.isClosed()).isTrue();
    }

    @Test
    void shouldFinishAndReportWhenExportIsDisconnected() throws Exception {
        simpleWithAnswersHeldBack();
        client.send(Bytes.request(0, READ, 1, 0, 512), Bytes.request(0, WRITE, 2, 0, 4096), new byte[10]);
        client.exports.remove("brick");

        CompletableFuture<Void> gone = client.connections.disconnect("brick");
        client.channel.runPendingTasks();
        client.send(Bytes.request(0, READ, 3, 0, 512));
        assertThat(gone).isNotDone();
        client.device.releaseAll();

        assertThat(client.received()).isEqualTo(Bytes.join(Bytes.simpleReply(0, 1), Bytes.content(0, 512)));
        assertThat(client.isClosed()).isTrue();
        assertThat(gone).isCompleted();
        assertThat(client.device.log()).hasSize(1);
    }

    @Test
    void shouldTakeOnNothingNewWhenClientDoesNotReadItsAnswers() throws Exception {
        client.simple();
        client.channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        client.send(Bytes.request(0, READ, 1, 0, 512));
        assertThat(client.device.log()).isEmpty();

        client.channel.unsafe().outboundBuffer().setUserDefinedWritability(1, true);

        assertThat(client.received()).isEqualTo(Bytes.join(Bytes.simpleReply(0, 1), Bytes.content(0, 512)));
    }

    @Test
    void shouldFlushOnceWhenManyAnswersAreReadyTogether() throws Exception {
        client.simple();
        byte[][] requests = new byte[100][];
        for (int i = 0; i < requests.length; i++) {
            requests[i] = Bytes.request(0, FLUSH, i, 0, 0);
        }
        client.send(requests);

        assertThat(client.channel.outboundMessages()).as("buffers written").hasSize(1);
        assertThat(client.received()).hasSize(1600);
        client.channel.advanceTimeBy(1, TimeUnit.HOURS);
    }

    @Test
    void shouldStayInStepWhenBlockStatusRequestsPileUp() throws Exception {
        client.structured();
        client.device.answering(MemoryDevice.Answer.WHEN_RELEASED, Runnable::run);
        for (int i = 0; i < 6; i++) {
            client.send(Bytes.request(REQ_ONE, BLOCK_STATUS, i, 0, 4096));
        }
        assertThat(client.device.held()).isEqualTo(TransmissionHandler.MAX_STATUS_IN_FLIGHT);

        Bytes all = Bytes.of();
        while (client.device.held() > 0) {
            client.device.releaseOne();
            all.raw(client.received());
        }
        assertThat(all.array()).hasSize(6 * 2 * (20 + 4 + 8));
    }
}
