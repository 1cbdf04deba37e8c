package io.brickcache.mapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.block.IoOp;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WriteLogTest {

    private static final UUID BRICK = new UUID(17, 4);
    private static final int RING = 8192;

    @TempDir
    private Path directory;

    private Path file() {
        return directory.resolve("b.log");
    }

    private WriteLog create() throws IOException {
        return WriteLog.create(file(), BRICK, "boot", RING);
    }

    private static byte[] content(int seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static void write(WriteLog log, long offset, byte[] data) {
        assertThat(log.reserve(data.length)).isTrue();
        log.append(IoOp.WRITE, 0, offset, data.length, ByteBuffer.wrap(data));
    }

    /** What the log has, as text. */
    private static List<String> read(WriteLog log) throws IOException {
        List<String> changes = new ArrayList<>();
        log.read((op, flags, offset, length, data, rest) -> {
            byte[] all = new byte[data.remaining() + rest.remaining()];
            int first = data.remaining();
            data.get(all, 0, first);
            rest.get(all, first, all.length - first);
            changes.add(op + " " + flags + " " + offset + " " + length + " " + Arrays.hashCode(all));
        });
        return changes;
    }

    private static String text(long offset, byte[] data) {
        return "WRITE 0 " + offset + " " + data.length + " " + Arrays.hashCode(data);
    }

    @Test
    void shouldHaveEveryChangeInOrderWhenTheServiceWasKilled() throws IOException {
        try (WriteLog log = create()) {
            write(log, 512, content(1, 1024));
            assertThat(log.reserve(0)).isTrue();
            log.append(IoOp.TRIM, 1, 4096, 1L << 33, null);
            write(log, 512, content(2, 512));
            assertThat(log.reserve(3000)).isTrue(); // was under way
        }
        try (WriteLog found = Objects.requireNonNull(WriteLog.find(file(), BRICK, "boot"))) {
            assertThat(read(found))
                    .containsExactly(
                            text(512, content(1, 1024)), "TRIM 1 4096 8589934592 1", text(512, content(2, 512)));
        }
    }

    @Test
    void shouldKeepExactlyWhatIsNotReleasedWhenTheRingGoesRound() throws IOException {
        Random random = new Random(5);
        try (WriteLog log = create()) {
            Deque<String> expected = new ArrayDeque<>();
            Deque<Long> ends = new ArrayDeque<>();
            for (int i = 0; i < 2000; i++) {
                byte[] data = content(i, 1 + random.nextInt(1500));
                while (!log.reserve(data.length)) {
                    log.release(ends.remove());
                    expected.remove();
                }
                log.append(IoOp.WRITE, 0, i * 512L, data.length, ByteBuffer.wrap(data));
                expected.add(text(i * 512L, data));
                ends.add(log.head());
                assertThat(log.usedBytes()).isLessThanOrEqualTo(RING);
            }
            assertThat(read(log)).containsExactlyElementsOf(expected);
            try (WriteLog found = Objects.requireNonNull(WriteLog.find(file(), BRICK, "boot"))) {
                assertThat(read(found)).containsExactlyElementsOf(expected);
            }
        }
    }

    @Test
    void shouldRefuseMoreThanThereIsRoomForAndTakeItAfterARelease() throws IOException {
        try (WriteLog log = create()) {
            write(log, 0, content(1, 4000));
            assertThat(log.reserve(4096)).isTrue();
            assertThat(log.reserve(512)).isFalse();
            log.cancel(4096);
            assertThat(log.reserve(4096)).isTrue();
            log.release(log.head());
            assertThat(log.reserve(4000)).isTrue();
            assertThat(log.isEmpty()).isTrue();
        }
    }

    @Test
    void shouldBeThrownAwayWhenItIsOfAnotherBootOrBrick() throws IOException {
        create().close();
        assertThat(WriteLog.find(file(), BRICK, "next boot")).isNull();
        assertThat(file()).doesNotExist();
        create().close();
        assertThat(WriteLog.find(file(), new UUID(17, 5), "boot")).isNull();
        assertThat(file()).doesNotExist();
        assertThat(WriteLog.find(file(), BRICK, "boot")).isNull();
    }

    @Test
    void shouldSaySoWhenAnEntryIsDamaged() throws IOException {
        try (WriteLog log = create()) {
            write(log, 0, content(1, 512));
        }
        try (RandomAccessFile bytes = new RandomAccessFile(file().toFile(), "rw")) {
            bytes.seek(4096);
            bytes.write(1);
        }
        try (WriteLog found = Objects.requireNonNull(WriteLog.find(file(), BRICK, "boot"))) {
            assertThatThrownBy(() -> read(found))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("damaged");
        }
    }

    /** Magic, size of the ring, head, tail. */
    @ParameterizedTest
    @CsvSource({
        "0, 77, no write log of this release",
        "8, 8191, it has 12288 bytes",
        "16, 8193, it goes from 0 to 8193",
        "16, -32, it goes from 0 to -32",
        "24, 4096, it goes from 4096 to 544",
        "24, -32, it goes from -32 to 544"
    })
    void shouldBeRefusedAndKeptWhenItsHeaderSaysWhatCannotBe(int at, long value, String why) throws IOException {
        try (WriteLog log = create()) {
            write(log, 0, content(1, 512));
        }
        change(at, value);
        assertThatThrownBy(() -> WriteLog.find(file(), BRICK, "boot"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file().toString())
                .hasMessageContaining(why);
        assertThat(file()).exists();
    }

    /** Operation (with flags), length. */
    @ParameterizedTest
    @CsvSource({"8, 0", "8, 2", "8, 99", "24, 0", "24, -512", "24, 513", "24, 8589934592", "24, 9223372036854775807"})
    void shouldSaySoWhenAnEntryIsNoChangeThatFits(int at, long value) throws IOException {
        try (WriteLog log = create()) {
            write(log, 0, content(1, 512));
        }
        change(4096 + at, value);
        try (WriteLog found = Objects.requireNonNull(WriteLog.find(file(), BRICK, "boot"))) {
            assertThatThrownBy(() -> read(found))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("damaged");
        }
    }

    @Test
    void shouldBeThrownAwayWhenItWasNeverCompleted() throws IOException {
        Files.write(file(), new byte[100_000]);
        assertThat(WriteLog.find(file(), BRICK, "boot")).isNull();
        assertThat(file()).doesNotExist();
    }

    private void change(int at, long value) throws IOException {
        try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
            channel.write(bytes.putLong(0, value), at);
        }
    }

    @Test
    void shouldTakeItsMemoryAlongWhenItIsDeleted() throws IOException {
        WriteLog log = create();
        assertThat(Files.size(file())).isEqualTo(4096 + RING);
        log.delete();
        assertThat(file()).doesNotExist();
    }
}
