package io.brickcache.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.nbd.Bytes;
import io.brickcache.nbd.MemoryDevice;
import io.netty.buffer.ByteBuf;
import io.netty.channel.RecvByteBufAllocator;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What a socket is given to read into. */
class PayloadReceiverTest extends TransmissionRig {

    private static final int LENGTH = 64 << 10;
    private static final byte[] DATA = Bytes.content(777, LENGTH);

    @Test
    void shouldStoreWhatTheSocketPutInPlaceWhenPayloadIsLarge() throws Exception {
        begin(Bytes.request(0, WRITE, 1, 512, LENGTH), Arrays.copyOf(DATA, 100));

        fill(place(LENGTH - 100), 100, 5000);
        fill(place(LENGTH - 5000), 5000, LENGTH);

        assertThat(client.received()).isEqualTo(Bytes.simpleReply(0, 1));
        assertThat(Arrays.copyOfRange(client.device.content(), 512, 512 + LENGTH))
                .isEqualTo(DATA);
        expectReadAsUsual();
    }

    @Test
    void shouldReadAsUsualWhenLittleIsMissing() throws Exception {
        int missing = IncomingWrite.MIN_DIRECT_BYTES - 1;
        begin(Bytes.request(0, WRITE, 1, 512, LENGTH), Arrays.copyOf(DATA, LENGTH - missing));
        expectReadAsUsual();

        client.send(Arrays.copyOfRange(DATA, LENGTH - missing, LENGTH));

        assertThat(client.received()).isEqualTo(Bytes.simpleReply(0, 1));
        assertThat(Arrays.copyOfRange(client.device.content(), 512, 512 + LENGTH))
                .isEqualTo(DATA);
    }

    @Test
    void shouldReadAsUsualWhenLargeWriteIsRefused() throws Exception {
        begin(Bytes.request(0, WRITE, 1, SIZE, LENGTH));

        expectReadAsUsual();
    }

    @Test
    void shouldOfferThePlaceAgainWhenNothingCame() throws Exception {
        begin(Bytes.request(0, WRITE, 1, 0, LENGTH));

        place(LENGTH).release();

        fill(place(LENGTH), 0, LENGTH);
        assertThat(client.received()).isEqualTo(Bytes.simpleReply(0, 1));
    }

    @Test
    void shouldKeepMemoryWhenClientVanishesWhileTheSocketMayFillIt() throws Exception {
        begin(Bytes.request(0, WRITE, 1, 0, LENGTH));
        ByteBuf place = place(LENGTH);

        assertThat(client.channel.close().isDone()).isTrue();

        assertThat(client.pool.usedBytes()).isEqualTo(LENGTH);
        assertThat(client.connections.countByExport()).containsEntry("brick", 1);
        place.release();
        assertThat(client.pool.usedBytes()).isZero();
        assertThat(client.connections.countByExport()).isEmpty();
    }

    @Test
    void shouldStoreNothingWhenTheExportGoesWhileTheSocketFillsThePlace() throws Exception {
        client.device.answering(MemoryDevice.Answer.WHEN_RELEASED, Runnable::run);
        begin(Bytes.request(0, READ, 1, 0, 512), Bytes.request(0, WRITE, 2, 0, LENGTH));
        ByteBuf place = place(LENGTH);
        client.exports.remove("brick");
        CompletableFuture<Void> gone = client.connections.disconnect("brick");
        client.channel.runPendingTasks();

        fill(place, 0, LENGTH);
        client.device.releaseAll();

        assertThat(client.received()).isEqualTo(Bytes.join(Bytes.simpleReply(0, 1), Bytes.content(0, 512)));
        assertThat(client.isClosed()).isTrue();
        assertThat(gone).isCompleted();
        assertThat(client.device.log()).hasSize(1);
    }

    private void begin(byte[]... parts) throws Exception {
        client.simple();
        client.send(parts);
    }

    /** What the socket is to read into: the place of the payload, and not one byte more. */
    private ByteBuf place(int missing) {
        ByteBuf place = memoryForSocket();
        assertThat(place).isInstanceOf(PayloadView.class);
        assertThat(place.writableBytes()).isEqualTo(missing);
        assertThat(place.capacity() - place.writerIndex()).isEqualTo(missing);
        return place;
    }

    private void fill(ByteBuf place, int from, int to) {
        place.writeBytes(DATA, from, to - from);
        client.channel.writeInbound(place);
        client.channel.runPendingTasks();
    }

    private void expectReadAsUsual() {
        ByteBuf usual = memoryForSocket();
        assertThat(usual).isNotInstanceOf(PayloadView.class);
        usual.release();
    }

    private ByteBuf memoryForSocket() {
        RecvByteBufAllocator allocator = client.channel.config().getRecvByteBufAllocator();
        return allocator.newHandle().allocate(client.channel.alloc());
    }
}
