package io.brickcache.mapping;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.fuzz.Input;
import io.brickcache.fuzz.Scratch;
import io.brickcache.mapping.LogByTheBook.Change;
import io.brickcache.nbd.MemoryDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Fuzz target: what a write log says that a service finds, and its replay. The first byte says whether the rest is the file,
 * a ring behind a right header, changes as nobody makes them in their right places, or changes as they are made, released
 * and found again, in whose file bits may be turned; the second how the replay goes.
 *
 * <p>{@link LogByTheBook} says what must come of it. A damaged log, or one with a change that the device cannot have, is
 * refused in words, nothing is submitted, and the file stays as it is. Any other is replayed exactly, in whatever order the
 * device answers, with little memory, and again after a replay that failed; then it is empty and takes more.
 */
public final class WriteLogFuzz {

    private static final UUID BRICK = new UUID(0x0123456789abcdefL, 0x8765432112345678L);
    private static final String BOOT = "6c9a2b3e-0d5f-4a1b-8c7d-9e0f1a2b3c4d";
    private static final int HEADER_BYTES = 4096;
    private static final int DEVICE_BYTES = 96 << 10;
    private static final IoOp[] MUTATIONS = {IoOp.WRITE, IoOp.TRIM, IoOp.WRITE_ZEROES};
    private static final Path FILE = Scratch.file("brick.log");
    private static final BufferPool POOL = new BufferPool(64 << 10);

    private WriteLogFuzz() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        Input input = new Input(bytes);
        int kind = input.octet() & 3;
        Course course = new Course(input.octet(), input.octet());
        check(
                switch (kind) {
                    case 0 -> input.rest();
                    case 1 -> ring(input);
                    case 2 -> changes(input);
                    default -> made(input);
                },
                course);
    }

    /** How a replay goes: others may hold the memory, the youngest may be answered first, one answer may be an error. */
    private record Course(int ways, int failing) {
        boolean othersHoldMemory() {
            return (ways & 1) != 0;
        }

        boolean isYoungestFirst(int step) {
            return (ways >> 1 + step % 6 & 1) != 0;
        }

        int failingStep() {
            return (ways & 128) == 0 ? -1 : failing;
        }
    }

    // ---- files

    private static byte[] headed(int ringBytes, long head, long tail) {
        byte[] file = new byte[HEADER_BYTES + ringBytes];
        ByteBuffer.wrap(file)
                .order(ByteOrder.nativeOrder())
                .putLong(0x6263_5772_4c6f_6731L)
                .putLong(ringBytes)
                .putLong(head)
                .putLong(tail)
                .putLong(BRICK.getMostSignificantBits())
                .putLong(BRICK.getLeastSignificantBits())
                .put(BOOT.getBytes(StandardCharsets.UTF_8));
        return file;
    }

    private static byte[] ring(Input input) {
        long head = input.eightOctets();
        long tail = input.eightOctets();
        byte[] ring = input.rest();
        byte[] file = headed(ring.length, head, tail);
        System.arraycopy(ring, 0, file, HEADER_BYTES, ring.length);
        return file;
    }

    /** Changes of {operation, flags, offset 8, length 8}; an offset is one of the first sectors, or anything. */
    private static byte[] changes(Input input) {
        int ringBytes = 32 + (input.twoOctets() & 0x3ff8);
        long tail = input.twoOctets() & ~7L;
        long head = tail;
        byte[] file = headed(ringBytes, 0, tail);
        while (!input.isEmpty() && head - tail <= ringBytes - 32) {
            ByteBuffer entry = ByteBuffer.allocate(32).order(ByteOrder.nativeOrder());
            int how = input.octet();
            entry.putLong(head + ((how & 0x70) == 0x70 ? input.octet() : 0))
                    .putInt((how & 7) == 7 ? (int) input.eightOctets() : how & 7)
                    .putInt(input.octet());
            long length = number(input, how & 8);
            entry.putLong(number(input, how & 128)).putLong(length).flip();
            while (entry.hasRemaining()) {
                file[HEADER_BYTES + (int) ((head + entry.position()) % ringBytes)] = entry.get();
            }
            boolean write = (how & 7) == IoOp.WRITE.ordinal();
            head += 32 + (write && length > 0 && length < ringBytes ? (length + 7) / 8 * 8 : 0);
        }
        ByteBuffer.wrap(file).order(ByteOrder.nativeOrder()).putLong(16, head);
        return file;
    }

    private static long number(Input input, int raw) {
        return raw == 0 ? input.octet() * 512L : input.eightOctets();
    }

    /** Steps of {what, sectors, first sector}. */
    private static byte[] made(Input input) throws IOException {
        Input turns = new Input(input.take(16));
        boolean turned = turns.octet() % 3 == 0;
        Files.deleteIfExists(FILE);
        Deque<Change> changes = new ArrayDeque<>();
        Deque<Long> ends = new ArrayDeque<>();
        try (WriteLog log = WriteLog.create(FILE, BRICK, BOOT, 1024 + (input.octet() << 9))) {
            for (int step = 0; !input.isEmpty(); step++) {
                int what = input.octet();
                if (what % 4 == 3) {
                    releaseSome(log, changes, ends, what >> 2);
                } else {
                    append(log, change(MUTATIONS[what % 4], input, step), changes, ends);
                }
            }
        }
        byte[] file = Files.readAllBytes(FILE);
        require(
                List.copyOf(changes).equals(LogByTheBook.of(file, BRICK, BOOT).changes()),
                "the file does not say what was appended");
        return turned ? turns.withFlippedBits(file) : file;
    }

    private static Change change(IoOp op, Input input, int step) {
        int length = 512 * (1 + input.octet() % 180);
        int offset = 512 * (input.octet() % ((DEVICE_BYTES - length) / 512 + 1));
        byte[] data = new byte[op == IoOp.WRITE ? length : 0];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (i * 37 + (offset + i >> 9) * 11 + step * 59 + 1);
        }
        return new Change(op, offset, length, ByteBuffer.wrap(data));
    }

    private static void releaseSome(WriteLog log, Deque<Change> changes, Deque<Long> ends, int most) {
        for (int i = 0; i <= most && !ends.isEmpty(); i++) {
            log.release(ends.remove());
            changes.remove();
        }
    }

    private static void append(WriteLog log, Change change, Deque<Change> changes, Deque<Long> ends) {
        int dataBytes = change.data().remaining();
        if (32 + dataBytes > log.ringBytes()) {
            require(!log.reserve(dataBytes), "there is room for more than the ring has");
            return;
        }
        while (!log.reserve(dataBytes)) {
            releaseSome(log, changes, ends, 0);
        }
        ByteBuffer data = change.op() == IoOp.WRITE ? change.data().duplicate() : null;
        log.append(change.op(), 0, change.offset(), change.length(), data);
        changes.add(change);
        ends.add(log.head());
    }

    // ---- what comes of them

    private static void check(byte[] file, Course course) throws IOException {
        Files.write(FILE, file);
        LogByTheBook book = LogByTheBook.of(file, BRICK, BOOT);
        WriteLog log;
        try {
            log = WriteLog.find(FILE, BRICK, BOOT);
        } catch (IOException e) {
            require(book.changes() == null && book.counts(), "refused: " + e.getMessage());
            refused(file, e.getMessage());
            return;
        }
        require((log != null) == book.counts(), log == null ? "thrown away" : "a log of somebody else");
        if (log == null) {
            require(!Files.exists(FILE), "what is not ours was not removed");
            return;
        }
        try (log) {
            List<Change> changes = book.changes();
            if (changes == null || !changes.stream().allMatch(change -> change.isOf(DEVICE_BYTES))) {
                Run run = new Run(log, course, -1);
                require(!run.status().isOk() && run.device.log().isEmpty(), "damaged, and done: " + run.device.log());
                refused(file, run.replay.problem());
                return;
            }
            byte[] content = MemoryDevice.ofSize(DEVICE_BYTES).content();
            if (course.failingStep() >= 0) {
                long before = log.usedBytes();
                Run failed = new Run(log, course, course.failingStep());
                content = failed.device.content();
                require(
                        log.usedBytes() == (failed.status().isOk() ? 0 : before),
                        "after an error the log is not as it was");
                if (failed.status().isOk()) {
                    return;
                }
            }
            replayed(log, changes, content, course);
        }
        goesOn();
    }

    private static void refused(byte[] file, @Nullable String why) throws IOException {
        require(why != null && why.length() > 20, "refused without a reason");
        require(Arrays.equals(Files.readAllBytes(FILE), file), "what is refused has been changed");
    }

    private static void replayed(WriteLog log, List<Change> changes, byte[] content, Course course) {
        Run run = new Run(log, content, course, -1);
        require(run.status().isOk(), "refused: " + run.replay.problem());
        byte[] expected = content.clone();
        changes.forEach(change -> change.applyTo(expected));
        require(Arrays.equals(run.device.content(), expected), "not what the log says");
        require(run.replay.count() == changes.size(), run.replay.count() + " changes of " + changes.size());
        require(
                count(run.device, IoOp.TRIM)
                        == changes.stream()
                                .filter(change -> change.op() == IoOp.TRIM)
                                .count(),
                "other trims than the log has");
        require(run.device.log().indexOf("FLUSH[0+0]") == run.device.log().size() - 1, "flushed too early, or never");
        require(log.isEmpty(), "the log is not empty");
    }

    private static long count(MemoryDevice device, IoOp op) {
        return device.log().stream().filter(line -> line.startsWith(op + "[")).count();
    }

    private static void goesOn() throws IOException {
        try (WriteLog log = Objects.requireNonNull(WriteLog.find(FILE, BRICK, BOOT))) {
            require(log.isEmpty(), "found again it is not empty");
            require(log.reserve(0), "no room in an empty log");
            log.append(IoOp.TRIM, 0, 512, 1024, null);
        }
        require(
                List.of(new Change(IoOp.TRIM, 512, 1024, ByteBuffer.allocate(0)))
                        .equals(LogByTheBook.of(Files.readAllBytes(FILE), BRICK, BOOT)
                                .changes()),
                "it does not have the one more");
    }

    /** A replay from its start to its end. */
    private static final class Run {
        private final MemoryDevice device = MemoryDevice.ofSize(DEVICE_BYTES);
        private final Replay replay;
        private final List<IoStatus> ended = new ArrayList<>();

        Run(WriteLog log, Course course, int failingStep) {
            this(log, MemoryDevice.ofSize(DEVICE_BYTES).content(), course, failingStep);
        }

        Run(WriteLog log, byte[] content, Course course, int failingStep) {
            System.arraycopy(content, 0, device.content(), 0, content.length);
            device.answering(MemoryDevice.Answer.WHEN_RELEASED, Runnable::run);
            replay = new Replay(device, POOL, log);
            IoBuffer ofOthers = course.othersHoldMemory() ? POOL.tryAllocate(POOL.maxBytes()) : null;
            replay.start(ended::add);
            int steps = answerAll(course, failingStep, 0);
            if (ofOthers != null) {
                ofOthers.release();
                answerAll(course, failingStep, steps);
            }
            device.verify();
            require(POOL.usedBytes() == 0, POOL.usedBytes() + " bytes of memory were not given back");
        }

        private int answerAll(Course course, int failingStep, int done) {
            int step = done;
            while (device.held() > 0) {
                device.failWith(step == failingStep ? IoStatus.IO_ERROR : null);
                if (course.isYoungestFirst(step)) {
                    device.releaseYoungest();
                } else {
                    device.releaseOne();
                }
                step++;
            }
            return step;
        }

        IoStatus status() {
            require(ended.size() == 1, "ended " + ended.size() + " times");
            return ended.get(0);
        }
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
