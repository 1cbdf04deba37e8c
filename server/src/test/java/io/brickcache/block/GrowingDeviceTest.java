package io.brickcache.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.block.IoOptions.Engine;
import io.brickcache.block.OpenOptions.Access;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Files and block devices that are made larger while they are open, with sectors of 4096 bytes and a part of one at the end. */
@Tag("root")
@ParameterizedClass
@EnumSource(
        value = Engine.class,
        names = {"IO_URING", "POOLED"})
class GrowingDeviceTest {

    private static final long MIB = 1 << 20;
    private static final long BEFORE = MIB + 3 * 512;

    private final Engine engine;
    private final TestStorage storage = new TestStorage();

    GrowingDeviceTest(Engine engine) {
        this.engine = engine;
    }

    @AfterEach
    void takeDown() {
        storage.close();
    }

    private RealRig open(Path path) throws IOException {
        return RealRig.open(new TestStorage(), new IoOptions(engine, 4, true), path, Access.READ_WRITE)
                .adapted();
    }

    private static void resize(Path file, long bytes) throws IOException {
        try (RandomAccessFile resized = new RandomAccessFile(file.toFile(), "rw")) {
            resized.setLength(bytes);
        }
    }

    private static void fill(RealRig rig, long offset, int length, int value) {
        transfer(rig, IoOp.WRITE, offset, length, value);
    }

    /** Writes a value everywhere, or expects it everywhere. */
    private static void transfer(RealRig rig, IoOp op, long offset, int length, int value) {
        IoBuffer[] memory = new IoBuffer[1];
        TestRequest request = new TestRequest();
        int at = (int) offset & 4095;
        rig.onLoop(() -> {
            memory[0] = rig.allocate(at + length);
            for (int i = 0; op == IoOp.WRITE && i < length; i++) {
                memory[0].bytes().put(at + i, (byte) value);
            }
            request.prepare(op, offset, length, 0, memory[0], at);
            rig.device().submit(request);
        });
        assertThat(rig.await(request)).isEqualTo(IoStatus.OK);
        rig.onLoop(() -> {
            for (int i = 0; i < length; i++) {
                assertThat(memory[0].bytes().get(at + i))
                        .as("byte %d", offset + i)
                        .isEqualTo((byte) value);
            }
            memory[0].release();
        });
    }

    @Test
    void shouldReadAndWriteAcrossTheOldEndAndUpToTheNewOneWhenAFileHasGrown() throws IOException {
        Path file = storage.fileOfLargeAlignment(BEFORE);
        try (RealRig rig = open(file)) {
            fill(rig, MIB, 3 * 512, 1);
            for (long size : new long[] {BEFORE + 512, MIB + 4096, 2 * MIB + 512}) {
                resize(file, size);
                rig.onLoop(() -> {
                    assertThat(rig.device().presentBytes()).isEqualTo(size);
                    rig.device().grow(size);
                    assertThat(rig.device().geometry().sizeBytes()).isEqualTo(size);
                });
                transfer(rig, IoOp.READ, MIB, 3 * 512, 1);
                transfer(rig, IoOp.READ, BEFORE, 512, size == BEFORE + 512 ? 0 : 2);
                fill(rig, BEFORE, (int) Math.min(size - BEFORE, 8192), 2);
                fill(rig, size - 512, 512, 2);
                transfer(rig, IoOp.READ, MIB, 3 * 512, 1);
            }
        }
    }

    @Test
    void shouldSeeTheNewSizeWhenABlockDeviceHasGrown() throws IOException {
        Path file = storage.file("l", MIB);
        Path loop = storage.loopDevice(file, 512);
        try (RealRig rig = open(loop)) {
            resize(file, 3 * MIB);
            TestStorage.run("losetup", "-c", loop.toString());
            rig.onLoop(() -> rig.device().grow(rig.device().presentBytes()));
            fill(rig, 3 * MIB - 4096, 4096, 7);
            assertThat(rig.device().geometry().sizeBytes()).isEqualTo(3 * MIB);
        }
    }

    @Test
    void shouldStayAsItIsWhenThereIsNoMore() throws IOException {
        Path file = storage.file("l", BEFORE);
        try (RealRig rig = open(file)) {
            rig.onLoop(() -> {
                assertThatThrownBy(() -> rig.device().grow(2 * MIB))
                        .isInstanceOf(UncheckedIOException.class)
                        .hasMessageContaining(Long.toString(BEFORE));
                assertThat(rig.device().geometry().sizeBytes()).isEqualTo(BEFORE);
            });
        }
    }
}
