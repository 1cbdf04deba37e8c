package io.brickcache.block.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoOptions;
import io.brickcache.block.IoOptions.Engine;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenOptions.Access;
import io.brickcache.block.Pattern;
import io.brickcache.block.TestRequest;
import io.brickcache.block.TestStorage;
import io.brickcache.env.Clock;
import io.brickcache.env.SystemClock;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is in the file before the ring has had its turn was written by the loop itself. */
@Timeout(60)
class PageCacheWritesTest {

    private static final long FILE_BYTES = 1 << 20;
    private static final int PAGE = 4096;

    /** The system's, which goes faster at will: a call in between takes so much longer. */
    private static final class HastyClock implements Clock {
        private final Clock system = new SystemClock();
        private long addedNs;
        private long perLookNs;

        @Override
        public long nanoTime() {
            addedNs += perLookNs;
            return system.nanoTime() + addedNs;
        }

        @Override
        public long epochMillis() {
            return system.epochMillis();
        }
    }

    private final HastyClock clock = new HastyClock();
    private final BufferPool pool = new BufferPool(1 << 20);
    private final TestStorage storage = new TestStorage();
    private EventLoopGroup group;
    private NettyLoop loop;
    private Path file;
    private long turn;

    @BeforeEach
    void makeFileAndLoop() throws IOException {
        file = storage.file("brick.img", FILE_BYTES);
        group = engine(false).newGroup("test-loop", 1);
        loop = new NettyLoop(group.next(), clock);
    }

    private static IoEngine engine(boolean direct) throws IOException {
        return IoEngine.choose(new IoOptions(Engine.IO_URING, 4, direct));
    }

    private BlockDevice open(boolean direct) throws IOException {
        return engine(direct).open(file, loop, Access.READ_WRITE);
    }

    @AfterEach
    void end() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
        storage.close();
    }

    @ParameterizedTest
    @CsvSource({"0,4096", "8192,65536"})
    void shouldWriteAtOnceAndAnswerLaterWhenWriteIsSmall(long offset, int length) throws Exception {
        BlockDevice device = open(false);
        assertThat(isWrittenAtOnce(device, offset, length, 0)).isTrue();
        onLoop(device::close);
    }

    @ParameterizedTest
    @CsvSource({"512,4096,0", "0,512,0", "0,69632,0", "0,4096," + IoRequest.FUA})
    void shouldLeaveWriteToRingWhenItMayWait(long offset, int length, int flags) throws Exception {
        BlockDevice device = open(false);
        assertThat(isWrittenAtOnce(device, offset, length, flags)).isFalse();
        onLoop(device::close);
    }

    @Test
    void shouldLeaveWriteToRingWhenItGoesPastThePageCache() throws Exception {
        BlockDevice device = open(true);
        assertThat(isWrittenAtOnce(device, 0, PAGE, 0)).isFalse();
        onLoop(device::close);
    }

    @Test
    void shouldLeaveWritesToRingForAWhileWhenOneWasSlow() throws Exception {
        BlockDevice device = open(false);
        clock.perLookNs = 1_000_000_000;
        assertThat(isWrittenAtOnce(device, 0, PAGE, 0)).isTrue();
        clock.perLookNs = 0;
        assertThat(isWrittenAtOnce(device, 0, PAGE, 0)).isFalse();
        clock.addedNs += 100_000_000_000L;
        assertThat(isWrittenAtOnce(device, 0, PAGE, 0)).isTrue();
        onLoop(device::close);
    }

    @Test
    void shouldAnswerWhenDeviceIsClosedMeanwhile() throws Exception {
        BlockDevice device = open(false);
        TestRequest write = new TestRequest();
        onLoop(() -> {
            device.submit(prepared(write, 0, PAGE, 0));
            device.close();
        });
        assertThat(write.done().get()).isEqualTo(IoStatus.OK);
        assertThat(read(0, PAGE)).isEqualTo(Pattern.of(turn, 0, PAGE));
    }

    /** Writes, and looks into the file before the loop's turn ends. The write must be good in the end, and not answered before. */
    private boolean isWrittenAtOnce(BlockDevice device, long offset, int length, int flags) throws Exception {
        TestRequest write = new TestRequest();
        CompletableFuture<byte[]> found = new CompletableFuture<>();
        onLoop(() -> {
            device.submit(prepared(write, offset, length, flags));
            assertThat(write.done()).isNotDone();
            found.complete(read(offset, length));
        });
        assertThat(write.done().get()).isEqualTo(IoStatus.OK);
        onLoop(() -> write.buffer().release());
        byte[] expected = Pattern.of(turn, offset, length);
        assertThat(read(offset, length)).isEqualTo(expected);
        return Arrays.equals(found.get(), expected);
    }

    private TestRequest prepared(TestRequest write, long offset, int length, int flags) {
        turn++;
        IoBuffer buffer = Objects.requireNonNull(pool.tryAllocate(length));
        buffer.bytes(0, length).put(Pattern.of(turn, offset, length));
        write.prepare(IoOp.WRITE, offset, length, flags, buffer, 0);
        return write;
    }

    private byte[] read(long offset, int length) {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        try (FileChannel channel = FileChannel.open(file)) {
            while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) > 0) {}
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.array();
    }

    private void onLoop(Runnable action) throws Exception {
        CompletableFuture.runAsync(action, loop).get(30, TimeUnit.SECONDS);
    }
}
