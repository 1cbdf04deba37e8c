package io.brickcache.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.nbd.MemoryDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Replays that go another way than to their end at once; LoggedDeviceTest has whole lives of a brick. */
class ReplayTest {

    private static final int DEVICE_BYTES = 1 << 20;

    @TempDir
    private Path directory;

    private final BufferPool pool = new BufferPool(64 << 10);
    private final MemoryDevice device = MemoryDevice.ofSize(DEVICE_BYTES);
    private final List<IoStatus> ended = new ArrayList<>();
    private WriteLog log;

    @BeforeEach
    void create() throws IOException {
        log = WriteLog.create(directory.resolve("log"), new UUID(1, 2), "boot", 512 << 10);
    }

    private static byte[] content(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 7 + (i >> 9) * 3 + 1);
        }
        return bytes;
    }

    private void logged(IoOp op, long offset, long length, byte[] data) {
        assertThat(log.reserve(data.length)).isTrue();
        log.append(op, 0, offset, length, op == IoOp.WRITE ? ByteBuffer.wrap(data) : null);
    }

    private Replay started() {
        Replay replay = new Replay(device, pool, log);
        replay.start(ended::add);
        return replay;
    }

    @Test
    void shouldWriteInPiecesWhenThereIsLessMemoryThanTheWriteHas() {
        byte[] data = content(300_544);
        logged(IoOp.WRITE, 1536, data.length, data);
        started();
        assertThat(ended).containsExactly(IoStatus.OK);
        assertThat(Arrays.copyOfRange(device.content(), 1536, 1536 + data.length))
                .isEqualTo(data);
        device.verify();
        assertThat(pool.usedBytes()).isZero();
    }

    @Test
    void shouldWaitWhenOthersHaveTheMemory() {
        IoBuffer ofOthers = Objects.requireNonNull(pool.tryAllocate(pool.maxBytes()));
        logged(IoOp.WRITE, 4096, 8192, content(8192));
        logged(IoOp.WRITE_ZEROES, 8192, 512, new byte[0]);
        started();
        assertThat(ended).isEmpty();
        ofOthers.release();
        assertThat(ended).containsExactly(IoStatus.OK);
        assertThat(Arrays.copyOfRange(device.content(), 4096, 8192)).isEqualTo(content(4096));
        assertThat(Arrays.copyOfRange(device.content(), 8192, 8704)).containsOnly(0);
        assertThat(log.isEmpty()).isTrue();
    }

    @Test
    void shouldHoldFewRequestsWhenTheLogHasVeryManyChanges() {
        device.answering(MemoryDevice.Answer.WHEN_RELEASED, Runnable::run);
        for (int i = 0; i < 10_000; i++) {
            logged(IoOp.WRITE_ZEROES, 512L * (i % 2000), 512, new byte[0]);
        }
        Replay replay = started();
        int most = 0;
        while (device.held() > 0) {
            most = Math.max(most, device.held());
            device.releaseYoungest();
        }
        assertThat(most).isEqualTo(32);
        assertThat(replay.count()).isEqualTo(10_000);
        assertThat(ended).containsExactly(IoStatus.OK);
    }

    @ParameterizedTest
    @CsvSource({
        "1048576, 512",
        "1048064, 1024",
        "-512, 512",
        "0, 9223372036854775807",
        "9223372036854775296, 512",
        "100, 512"
    })
    void shouldDoNothingWhenOneChangeIsNotOfTheDevice(long offset, long length) {
        logged(IoOp.WRITE, 0, 4096, content(4096));
        logged(IoOp.TRIM, offset, length, new byte[0]);
        long used = log.usedBytes();
        Replay replay = started();
        assertThat(ended).containsExactly(IoStatus.IO_ERROR);
        assertThat(replay.problem()).contains(offset + " of memory");
        assertThat(device.log()).isEmpty();
        assertThat(log.usedBytes()).isEqualTo(used);
    }

    @Test
    void shouldKeepTheLogAndGiveBackWhatItWaitedForWhenAWriteFails() {
        device.answering(MemoryDevice.Answer.WHEN_RELEASED, Runnable::run);
        for (int i = 0; i < 24; i++) {
            logged(IoOp.WRITE, i * 4096L, 4096, content(4096));
        }
        started();
        assertThat(device.held()).isEqualTo(16);
        device.failWith(IoStatus.IO_ERROR);
        device.releaseAll();
        assertThat(ended).containsExactly(IoStatus.IO_ERROR);
        assertThat(pool.usedBytes()).isZero();
        assertThat(log.isEmpty()).isFalse();
    }
}
