package io.brickcache.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BufferPool;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoStatus;
import io.brickcache.nbd.Bytes;
import io.brickcache.nbd.EmbeddedClient;
import io.brickcache.nbd.MemoryDevice;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each command by itself: what is answered, and what reaches the device. */
class TransmissionTest extends TransmissionRig {

    @ParameterizedTest
    @ValueSource(ints = {512, 4096, 16384, 16896, 65536, 131072})
    void shouldReturnDataWhenRead(int length) throws Exception {
        client.simple().send(Bytes.request(0, READ, 0x1122334455667788L, 1536, length));

        assertThat(client.received())
                .isEqualTo(Bytes.join(Bytes.simpleReply(0, 0x1122334455667788L), Bytes.content(1536, length)));
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 16384, 16896, 131072})
    void shouldReturnOneChunkWhenReadIsStructured(int length) throws Exception {
        client.structured().send(Bytes.request(DF, READ, 9, SIZE - length, length));

        assertThat(client.received())
                .isEqualTo(Bytes.chunk(
                        DONE,
                        1,
                        9,
                        Bytes.of()
                                .u64(SIZE - length)
                                .raw(Bytes.content(SIZE - length, length))
                                .array()));
    }

    @Test
    void shouldStoreDataWhenWritten() throws Exception {
        byte[] data = Bytes.content(77_000, 5120);
        client.simple().send(Bytes.request(FUA, WRITE, 3, 2560, 5120), data);

        assertThat(client.received()).isEqualTo(Bytes.simpleReply(0, 3));
        assertThat(Arrays.copyOfRange(client.device.content(), 2560, 7680)).isEqualTo(data);
        assertThat(Arrays.copyOfRange(client.device.content(), 0, 2560)).isEqualTo(Bytes.content(0, 2560));
        assertThat(Arrays.copyOfRange(client.device.content(), 7680, 10_000)).isEqualTo(Bytes.content(7680, 2320));
        assertThat(client.device.log()).containsExactly("WRITE[2560+5120 flags=1]");
    }

    @Test
    void shouldPassCommandsOnWhenTheyCarryNoData() throws Exception {
        client.structured()
                .send(
                        Bytes.request(0, FLUSH, 1, 0, 0),
                        Bytes.request(FUA, TRIM, 2, 4096, 0x10000),
                        Bytes.request(NO_HOLE | FAST_ZERO | FUA, WRITE_ZEROES, 3, 512, 1024),
                        Bytes.request(FUA, CACHE, 4, 0, 8192));

        assertThat(client.received())
                .isEqualTo(Bytes.join(
                        Bytes.simpleReply(0, 1),
                        Bytes.simpleReply(0, 2),
                        Bytes.simpleReply(0, 3),
                        Bytes.simpleReply(0, 4)));
        assertThat(client.device.log())
                .containsExactly(
                        "FLUSH[0+0]", "TRIM[4096+65536 flags=1]", "WRITE_ZEROES[512+1024 flags=7]", "CACHE[0+8192]");
    }

    @Test
    void shouldDescribeEveryContextWhenBlockStatusIsAsked() throws Exception {
        client.structured().send(Bytes.request(0, BLOCK_STATUS, 8, 32768, 196608));

        byte[] allocation = Bytes.of()
                .u32(1)
                .u32(32768)
                .u32(0)
                .u32(65536)
                .u32(3)
                .u32(65536)
                .u32(0)
                .u32(32768)
                .u32(3)
                .array();
        byte[] residency = Bytes.of()
                .u32(2)
                .u32(32768)
                .u32(0)
                .u32(65536)
                .u32(1)
                .u32(65536)
                .u32(2)
                .u32(32768)
                .u32(0)
                .array();
        assertThat(client.received())
                .isEqualTo(Bytes.join(Bytes.chunk(0, 5, 8, allocation), Bytes.chunk(DONE, 5, 8, residency)));
    }

    @Test
    void shouldDescribeOneExtentWhenOnlyOneIsWanted() throws Exception {
        client.structured().send(Bytes.request(REQ_ONE, BLOCK_STATUS, 8, 65536, 4096));

        assertThat(client.received())
                .isEqualTo(Bytes.join(
                        Bytes.chunk(0, 5, 8, Bytes.of().u32(1).u32(4096).u32(3).array()),
                        Bytes.chunk(
                                DONE, 5, 8, Bytes.of().u32(2).u32(4096).u32(1).array())));
    }

    /** flags, command, offset, length, error. Sizes: 8 MiB; the pool of 1 MiB allows 1 MiB less 4 KiB at once. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 0, 22",
        "0, 0, 100, 512, 22",
        "0, 0, 512, 100, 22",
        "0, 0, 8388608, 512, 22",
        "0, 0, 8388096, 1024, 22",
        "0, 0, -512, 1024, 22",
        "0, 0, 9223372036854775296, 1024, 22",
        "0, 0, 0, 1044992, 22",
        "0, 0, 0, 4294967295, 22",
        "4, 0, 0, 1044992, 75",
        "2, 0, 0, 512, 22",
        "8, 0, 0, 512, 22",
        "16, 0, 0, 512, 22",
        "32, 0, 0, 512, 22",
        "32768, 0, 0, 512, 22",
        "0, 3, 512, 0, 22",
        "0, 3, 0, 512, 22",
        "4, 3, 0, 0, 22",
        "0, 4, 0, 0, 22",
        "0, 4, 8388096, 1024, 22",
        "0, 4, 256, 512, 22",
        "2, 4, 0, 512, 22",
        "0, 5, 0, 0, 22",
        "0, 5, 8388608, 512, 22",
        "8, 5, 0, 512, 22",
        "0, 6, 0, 0, 22",
        "0, 6, 8388096, 1024, 28",
        "0, 6, -512, 512, 28",
        "0, 6, 0, 4294966784, 28",
        "0, 6, 0, 511, 22",
        "4, 6, 0, 512, 22",
        "0, 7, 0, 0, 22",
        "0, 7, 8388608, 512, 22",
        "2, 7, 0, 512, 22",
        "0, 8, 0, 512, 22",
        "0, 65535, 0, 512, 22",
    })
    void shouldAnswerPublishedErrorWhenRequestIsBad(int flags, int command, long offset, long length, int error)
            throws Exception {
        client.structured().send(Bytes.request(flags, command, 77, offset, length));

        expectErrorChunk(77, error);
        assertThat(client.device.log()).isEmpty();
        expectStillServing();
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 22",
        "0, 8388608, 512, 28",
        "0, 8388096, 1024, 28",
        "0, 256, 512, 22",
        "0, 0, 1000, 22",
        "0, 0, 1044992, 22",
        "2, 0, 512, 22",
        "4, 0, 512, 22",
        "32, 0, 512, 22",
        "0, 0, 67108864, 22",
    })
    void shouldDrainPayloadWhenWriteIsRefused(int flags, long offset, int length, int error) throws Exception {
        client.structured().send(Bytes.request(flags, WRITE, 6, offset, length));
        for (int sent = 0; sent < length; ) {
            int step = Math.min(1 << 20, length - sent);
            client.send(new byte[step]);
            sent += step;
        }

        expectErrorChunk(6, error);
        assertThat(client.device.log()).isEmpty();
        expectStillServing();
    }

    @Test
    void shouldAnswerWithSimpleErrorWhenRepliesAreSimple() throws Exception {
        client.simple()
                .send(
                        Bytes.request(0, READ, 1, SIZE, 512),
                        Bytes.request(DF, READ, 2, 0, 512),
                        Bytes.request(0, BLOCK_STATUS, 3, 0, 512));

        assertThat(client.received())
                .isEqualTo(Bytes.join(
                        Bytes.simpleReply(EINVAL, 1), Bytes.simpleReply(EINVAL, 2), Bytes.simpleReply(EINVAL, 3)));
    }

    @Test
    void shouldRefuseEveryMutationWhenExportIsReadOnly() throws Exception {
        client = new EmbeddedClient(
                new MemoryDevice(new Geometry(SIZE, 512, 4096, true, true, true)), new BufferPool(1 << 20));
        client.simple()
                .send(
                        Bytes.request(0, WRITE, 1, 0, 512),
                        new byte[512],
                        Bytes.request(0, TRIM, 2, 0, 512),
                        Bytes.request(0, WRITE_ZEROES, 3, 0, 512),
                        Bytes.request(0, FLUSH, 4, 0, 0));

        assertThat(client.received())
                .isEqualTo(Bytes.join(
                        Bytes.simpleReply(EPERM, 1),
                        Bytes.simpleReply(EPERM, 2),
                        Bytes.simpleReply(EPERM, 3),
                        Bytes.simpleReply(0, 4)));
    }

    @Test
    void shouldRefuseWhatWasNotAnnouncedWhenDeviceLacksIt() throws Exception {
        client = new EmbeddedClient(
                new MemoryDevice(new Geometry(SIZE, 512, 4096, false, false, false)), new BufferPool(1 << 20));
        client.simple().send(Bytes.request(0, TRIM, 1, 0, 512), Bytes.request(FAST_ZERO, WRITE_ZEROES, 2, 0, 512));

        assertThat(client.received()).isEqualTo(Bytes.join(Bytes.simpleReply(EINVAL, 1), Bytes.simpleReply(EINVAL, 2)));
    }

    @Test
    void shouldAskForWholeSectorsWhenTheyAreLarge() throws Exception {
        client = new EmbeddedClient(
                new MemoryDevice(new Geometry(SIZE, 4096, 4096, true, true, false)), new BufferPool(1 << 20));
        client.simple().send(Bytes.request(0, READ, 1, 512, 4096), Bytes.request(0, READ, 2, 4096, 4096));

        assertThat(client.received())
                .isEqualTo(
                        Bytes.join(Bytes.simpleReply(EINVAL, 1), Bytes.simpleReply(0, 2), Bytes.content(4096, 4096)));
    }

    @ParameterizedTest
    @EnumSource(value = IoStatus.class, mode = EnumSource.Mode.EXCLUDE, names = "OK")
    void shouldMapStatusWhenDeviceFails(IoStatus status) throws Exception {
        int expected = switch (status) {
            case IO_ERROR -> EIO;
            case INVALID -> EINVAL;
            case BEYOND_END -> ENOSPC;
            case NOT_SUPPORTED -> ENOTSUP;
            case READ_ONLY -> EPERM;
            case SHUTDOWN -> ESHUTDOWN;
            case OK -> throw new IllegalArgumentException();
        };
        client.structured();
        client.device.failWith(status);
        for (int command : new int[] {READ, FLUSH, TRIM, CACHE, WRITE_ZEROES, BLOCK_STATUS}) {
            client.send(Bytes.request(0, command, command, 0, command == FLUSH ? 0 : 512));
            expectErrorChunk(command, expected);
        }
        client.send(Bytes.request(0, WRITE, 1, 0, 512), new byte[512]);
        expectErrorChunk(1, expected);
        assertThat(client.pool.usedBytes()).isZero();
    }
}
