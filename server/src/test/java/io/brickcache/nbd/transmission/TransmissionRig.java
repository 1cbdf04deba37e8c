package io.brickcache.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.nbd.Bytes;
import io.brickcache.nbd.EmbeddedClient;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;

/** A client of the transmission phase whose export is in memory, and the numbers of the protocol as its document has them. */
abstract class TransmissionRig {

    static final int READ = 0;
    static final int WRITE = 1;
    static final int DISC = 2;
    static final int FLUSH = 3;
    static final int TRIM = 4;
    static final int CACHE = 5;
    static final int WRITE_ZEROES = 6;
    static final int BLOCK_STATUS = 7;

    static final int FUA = 1;
    static final int NO_HOLE = 2;
    static final int DF = 4;
    static final int REQ_ONE = 8;
    static final int FAST_ZERO = 16;

    static final int EPERM = 1;
    static final int EIO = 5;
    static final int EINVAL = 22;
    static final int ENOSPC = 28;
    static final int ENOTSUP = 95;
    static final int ESHUTDOWN = 108;

    static final int DONE = 1;
    static final int SIZE = EmbeddedClient.SIZE;

    EmbeddedClient client = new EmbeddedClient();

    @AfterEach
    void leavesNothingBehind() {
        client.close();
    }

    void expectErrorChunk(long cookie, int error) {
        byte[] received = client.received();
        int messageBytes = received.length - 26;
        assertThat(messageBytes).isPositive();
        byte[] message = Arrays.copyOfRange(received, 26, received.length);
        assertThat(received)
                .isEqualTo(Bytes.chunk(
                        DONE,
                        32769,
                        cookie,
                        Bytes.of().u32(error).u16(messageBytes).raw(message).array()));
    }

    void expectStillServing() {
        client.send(Bytes.request(0, READ, 99, 512, 512));
        assertThat(client.received())
                .isEqualTo(Bytes.chunk(
                        DONE,
                        1,
                        99,
                        Bytes.of().u64(512).raw(Bytes.content(512, 512)).array()));
    }
}
