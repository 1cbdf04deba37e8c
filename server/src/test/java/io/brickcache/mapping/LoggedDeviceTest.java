package io.brickcache.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.TestRequest;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoggedDeviceTest {

    private static final UUID BRICK = new UUID(8, 15);
    private static final int SECTOR = 512;
    private static final int SECTORS = 256;
    private static final int RING = 64 << 10;

    @TempDir
    private Path directory;

    private final BufferPool pool = new BufferPool(1 << 20);

    /** Forgets in a crash what was not flushed, sector by sector, as it likes; answers when told. */
    private static final class ForgetfulDisk implements BlockDevice {
        private final long[] now = new long[SECTORS];
        private final long[] durable = new long[SECTORS];
        private final List<IoRequest> held = new ArrayList<>();
        private final Random random;
        private boolean failing;
        private int flushes;

        ForgetfulDisk(Random random) {
            this.random = random;
        }

        @Override
        public Geometry geometry() {
            return new Geometry(SECTORS * SECTOR, SECTOR, 4096, true, true, false);
        }

        @Override
        public String name() {
            return "forgetful";
        }

        @Override
        public void submit(IoRequest request) {
            held.add(request);
            if (request.has(IoRequest.BEHIND) && !overlapsHeld(request)) {
                request.accepted();
            }
        }

        private boolean overlapsHeld(IoRequest request) {
            return held.stream().anyMatch(other -> other != request && overlap(other, request));
        }

        private static boolean mustWait(IoRequest request, IoRequest older) {
            return overlap(request, older) || request.op() == IoOp.FLUSH && older.has(IoRequest.BEHIND);
        }

        private static boolean overlap(IoRequest one, IoRequest other) {
            return one.offset() < other.offset() + other.length() && other.offset() < one.offset() + one.length();
        }

        @Override
        public void close() {}

        /** Answers any request but one that must wait for an older one. */
        void answerOne() {
            int chosen = random.nextInt(held.size());
            for (int i = 0; i < chosen; i++) {
                if (mustWait(held.get(chosen), held.get(i))) {
                    chosen = i;
                    i = -1;
                }
            }
            IoRequest request = held.remove(chosen);
            if (failing) {
                request.completed(IoStatus.IO_ERROR);
                return;
            }
            int first = (int) request.offset() / SECTOR;
            int count = (int) request.length() / SECTOR;
            for (int i = 0; i < count; i++) {
                now[first + i] = request.op() == IoOp.WRITE
                        ? request.buffer()
                                .bytes(request.bufferOffset() + i * SECTOR, Long.BYTES)
                                .getLong()
                        : 0;
            }
            if (request.op() == IoOp.FLUSH) {
                flushes++;
                System.arraycopy(now, 0, durable, 0, SECTORS);
            }
            request.completed(IoStatus.OK);
        }

        void answerAll() {
            while (!held.isEmpty()) {
                answerOne();
            }
        }

        void crash() {
            for (int i = 0; i < SECTORS; i++) {
                now[i] = random.nextBoolean() ? now[i] : durable[i];
            }
            held.clear();
        }
    }

    /** A write that holds its buffer until it is answered. */
    private final class Write extends IoRequest {
        private final int first;
        private final int count;
        private final long value;
        private final IoBuffer buffer;
        private boolean answered;
        private boolean ended;

        Write(int first, int count, long value) {
            this(first, count, value, 0);
        }

        Write(int first, int count, long value, int flags) {
            this.first = first;
            this.count = count;
            this.value = value;
            this.buffer = Objects.requireNonNull(pool.tryAllocate(count * SECTOR));
            for (int i = 0; i < count; i++) {
                ByteBuffer sector = buffer.bytes(i * SECTOR, SECTOR);
                sector.putLong(value + i);
            }
            prepare(IoOp.WRITE, (long) first * SECTOR, count * SECTOR, flags, buffer, 0);
        }

        @Override
        public void accepted() {
            assertThat(answered).isFalse();
            answered = true;
        }

        @Override
        public void completed(IoStatus status) {
            ended = true;
            answered |= status.isOk();
            buffer.bytes().putLong(0, -1); // its owner does with it what he likes
            buffer.release();
        }
    }

    private Path file() {
        return directory.resolve("log");
    }

    private LoggedDevice restarted(ForgetfulDisk disk) throws Exception {
        LoggedDevice device = new LoggedDevice(disk);
        WriteLog log = Objects.requireNonNull(WriteLog.find(file(), BRICK, "boot"));
        Replay replay = new Replay(device, pool, log);
        IoStatus[] ended = new IoStatus[1];
        replay.start(status -> ended[0] = status);
        disk.answerAll();
        assertThat(ended[0]).isEqualTo(IoStatus.OK);
        assertThat(log.isEmpty()).isTrue();
        device.logTo(log);
        return device;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void shouldHaveAllThatWasAnsweredWhenTheServiceIsKilledAgainAndAgain(int seed) throws Exception {
        Random random = new Random(seed);
        ForgetfulDisk disk = new ForgetfulDisk(random);
        LoggedDevice device = new LoggedDevice(disk);
        device.logTo(WriteLog.create(file(), BRICK, "boot", RING));
        long[] answered = new long[SECTORS];
        long value = 1;
        for (int life = 0; life < 20; life++) {
            List<Write> writes = new ArrayList<>();
            List<Write> answeredEarly = new ArrayList<>();
            int steps = random.nextInt(400);
            for (int step = 0; step < steps; step++) {
                if (writes.size() < 64 && random.nextInt(3) > 0) {
                    int count = 1 + random.nextInt(8);
                    Write write = new Write(
                            random.nextInt(SECTORS - count), count, value, random.nextBoolean() ? IoRequest.BEHIND : 0);
                    value += count;
                    if (writes.stream()
                            .noneMatch(other -> other.first < write.first + write.count
                                    && write.first < other.first + other.count)) {
                        writes.add(write);
                        device.submit(write);
                    } else {
                        write.buffer.release();
                    }
                } else if (random.nextInt(20) == 0) {
                    TestRequest flush = new TestRequest();
                    flush.prepareFlush();
                    device.submit(flush);
                } else if (!disk.held.isEmpty()) {
                    disk.answerOne();
                }
                for (Write write : List.copyOf(writes)) {
                    if (write.answered) {
                        writes.remove(write);
                        answeredEarly.add(write);
                        for (int i = 0; i < write.count; i++) {
                            answered[write.first + i] = write.value + i;
                        }
                    }
                }
            }
            disk.crash();
            writes.forEach(write -> write.buffer.release());
            answeredEarly.stream().filter(write -> !write.ended).forEach(write -> write.buffer.release());
            device = restarted(disk);
            for (Write write : writes) { // unanswered: either
                for (int i = 0; i < write.count; i++) {
                    assertThat(disk.now[write.first + i]).isIn(answered[write.first + i], write.value + i);
                    answered[write.first + i] = disk.now[write.first + i];
                }
            }
            assertThat(disk.now).as("life %d", life).isEqualTo(answered);
        }
        assertThat(disk.flushes).isGreaterThan(20);
    }

    @Test
    void shouldMakeRoomByItselfWhenNobodyFlushes() throws Exception {
        ForgetfulDisk disk = new ForgetfulDisk(new Random(1));
        LoggedDevice device = new LoggedDevice(disk);
        device.logTo(WriteLog.create(file(), BRICK, "boot", RING));
        for (int i = 0; i < 1000; i++) {
            Write write = new Write(i % 200, 8, i);
            device.submit(write);
            disk.answerAll();
            assertThat(write.answered).as("write %d", i).isTrue();
        }
        assertThat(disk.flushes).isBetween(50, 200);
    }

    @Test
    void shouldHoldChangesBackUntilThereIsRoom() throws Exception {
        ForgetfulDisk disk = new ForgetfulDisk(new Random(1));
        LoggedDevice device = new LoggedDevice(disk);
        device.logTo(WriteLog.create(file(), BRICK, "boot", RING));
        List<Write> writes = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            Write write = new Write(i * 8, 8, i);
            writes.add(write);
            device.submit(write);
        }
        assertThat(disk.held).hasSizeLessThan(18);
        disk.answerAll();
        assertThat(writes).allMatch(write -> write.answered);
    }

    @Test
    void shouldFailWhatWaitsForRoomWhenTheFlushFails() throws Exception {
        ForgetfulDisk disk = new ForgetfulDisk(new Random(1));
        LoggedDevice device = new LoggedDevice(disk);
        device.logTo(WriteLog.create(file(), BRICK, "boot", RING));
        for (int i = 0; i < 6; i++) {
            device.submit(new Write(i * 8, 8, i));
        }
        disk.answerAll();
        List<Write> writes = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Write write = new Write(i * 8, 8, i);
            writes.add(write);
            device.submit(write);
        }
        disk.failing = true;
        disk.answerAll();
        assertThat(writes).noneMatch(write -> write.answered);
        disk.failing = false;
        Write later = new Write(0, 8, 99);
        device.submit(later);
        disk.answerAll();
        assertThat(later.answered).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldTellAClientsNextFlushThatOneOfItsOwnHasFailed(boolean loggingGoesOn) throws Exception {
        ForgetfulDisk disk = new ForgetfulDisk(new Random(1));
        LoggedDevice device = new LoggedDevice(disk);
        device.logTo(WriteLog.create(file(), BRICK, "boot", RING));
        device.submit(new Write(0, 8, 1));
        disk.answerAll();
        List<IoStatus> settled = new ArrayList<>();
        device.settle(settled::add);
        disk.failing = true; // as the cache, which tells one FLUSH of a loss
        disk.answerAll();
        disk.failing = false;
        assertThat(settled).containsExactly(IoStatus.IO_ERROR);
        if (!loggingGoesOn) {
            device.stopLogging();
        }
        List<IoStatus> told = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            TestRequest flush = new TestRequest();
            flush.prepareFlush();
            device.submit(flush);
            disk.answerAll();
            told.add(flush.done().getNow(IoStatus.SHUTDOWN));
        }
        assertThat(told).containsExactly(IoStatus.IO_ERROR, IoStatus.OK);
    }

    @Test
    void shouldTellAClientsNextFlushThatNoRoomCouldBeMade() throws Exception {
        ForgetfulDisk disk = new ForgetfulDisk(new Random(1));
        LoggedDevice device = new LoggedDevice(disk);
        device.logTo(WriteLog.create(file(), BRICK, "boot", RING));
        for (int i = 0; disk.held.stream().noneMatch(request -> request.op() == IoOp.FLUSH); i++) {
            disk.answerAll();
            device.submit(new Write(i * 8, 8, i));
        }
        disk.failing = true;
        disk.answerAll();
        disk.failing = false;
        TestRequest flush = new TestRequest();
        flush.prepareFlush();
        device.submit(flush);
        assertThat(flush.done().getNow(IoStatus.SHUTDOWN)).isEqualTo(IoStatus.IO_ERROR);
    }

    @Test
    void shouldOnlyPassEverythingOnWhenThereIsNoLog() {
        ForgetfulDisk disk = new ForgetfulDisk(new Random(1));
        LoggedDevice device = new LoggedDevice(disk);
        Write write = new Write(0, 8, 1);
        device.submit(write);
        assertThat(disk.held).containsExactly(write);
        disk.answerAll();
        assertThat(device.stopLogging()).isNull();
    }
}
