package io.brickcache.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoOptions.Engine;
import io.brickcache.block.OpenOptions.Access;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is particular to files and block devices, on both engines: holes, tails, write protection, media that fail. */
@Timeout(60)
@Tag("root")
class RealDeviceFaultsTest {

    private static final int MIB = 1 << 20;

    private final TestStorage storage = new TestStorage();

    @AfterEach
    void takeDown() {
        storage.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "POOLED"})
    void shouldFailReadWhenFileWasTruncated(Engine engine) throws IOException {
        Path file = storage.file("brick.img", 4 * MIB);
        try (RealRig rig = open(engine, file)) {
            try (RandomAccessFile other = new RandomAccessFile(file.toFile(), "rw")) {
                other.setLength(MIB + 1000);
            }
            assertThat(transfer(rig, IoOp.READ, 0, MIB)).isEqualTo(IoStatus.OK);
            assertThat(transfer(rig, IoOp.READ, MIB - 4096, 16384)).isEqualTo(IoStatus.IO_ERROR);
            assertThat(transfer(rig, IoOp.READ, 2 * MIB, 4096)).isEqualTo(IoStatus.IO_ERROR);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "POOLED"})
    void shouldFailOnlyThatWriteWhenFileSystemIsFull(Engine engine) throws IOException {
        Path device = storage.loopDevice(storage.file("l", 400L * MIB), 512);
        TestStorage.run("mkfs.xfs", "-q", device.toString());
        Path mountPoint = storage.mount("xfs", device.toString());
        Path file = mountPoint.resolve("brick.img");
        Files.write(file, Pattern.of(1, 0, 4096));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(64L * MIB);
        }
        long usable = mountPoint.toFile().getUsableSpace();
        TestStorage.run(
                "fallocate",
                "-l",
                Long.toString(usable - 2L * MIB),
                mountPoint.resolve("filler").toString());
        try (RealRig rig = open(engine, file)) {
            assertThat(transfer(rig, IoOp.WRITE, 8 * MIB, 32 * MIB)).isEqualTo(IoStatus.IO_ERROR);
            assertThat(transfer(rig, IoOp.WRITE, 0, 4096)).isEqualTo(IoStatus.OK);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "POOLED"})
    void shouldRefuseMutationsWhenBlockDeviceIsReadOnly(Engine engine) throws IOException {
        Path device = storage.loopDevice(storage.file("l", 4 * MIB), 512, "--read-only");
        try (RealRig rig = open(engine, device)) {
            assertThat(transfer(rig, IoOp.READ, 0, 4096)).isEqualTo(IoStatus.OK);
            assertThat(transfer(rig, IoOp.WRITE, 0, 4096)).isEqualTo(IoStatus.READ_ONLY);
            assertThat(submit(rig, r -> r.prepare(IoOp.TRIM, 0, 4096L, 0))).isEqualTo(IoStatus.READ_ONLY);
            assertThat(submit(rig, r -> r.prepare(IoOp.WRITE_ZEROES, 0, 4096L, 0)))
                    .isEqualTo(IoStatus.READ_ONLY);
            assertThat(submit(rig, TestRequest::prepareFlush)).isEqualTo(IoStatus.OK);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "POOLED"})
    void shouldDescribeHolesWhenFileIsSparse(Engine engine) throws IOException {
        try (RealRig rig = open(engine, storage.file("brick.img", 8L * MIB))) {
            assertThat(transfer(rig, IoOp.WRITE, MIB, MIB)).isEqualTo(IoStatus.OK);
            assertThat(transfer(rig, IoOp.WRITE, 4 * MIB, MIB)).isEqualTo(IoStatus.OK);
            assertThat(submit(rig, r -> r.prepare(IoOp.TRIM, 4L * MIB, (long) MIB, 0)))
                    .isEqualTo(IoStatus.OK);
            TestRequest request = new TestRequest();
            request.prepareExtents(ExtentsRequest.Context.ALLOCATION, 512, 6L * MIB);
            rig.onLoop(() -> rig.device().submit(request));
            assertThat(rig.await(request)).isEqualTo(IoStatus.OK);
            int hole = ExtentsRequest.HOLE | ExtentsRequest.ZERO;
            assertThat(describe(request))
                    .isEqualTo((MIB - 512) + ":" + hole + " " + MIB + ":0 " + (4L * MIB + 512) + ":" + hole + " ");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "POOLED"})
    void shouldRefuseResidencyWhenDeviceIsNoCache(Engine engine) throws IOException {
        try (RealRig rig = open(engine, storage.file("brick.img", MIB))) {
            assertThat(submit(rig, r -> r.prepareExtents(ExtentsRequest.Context.RESIDENCY, 0, MIB)))
                    .isEqualTo(IoStatus.NOT_SUPPORTED);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "POOLED"})
    void shouldNotGrowFileWhenItsTailIsWritten(Engine engine) throws IOException {
        long size = MIB + 3 * 512;
        Path file = storage.fileOfLargeAlignment(size);
        try (RealRig rig = open(engine, file)) {
            assertThat(transfer(rig, IoOp.WRITE, MIB - 8192, 8192 + 3 * 512)).isEqualTo(IoStatus.OK);
            assertThat(submit(rig, TestRequest::prepareFlush)).isEqualTo(IoStatus.OK);
            byte[] content = Files.readAllBytes(file);
            assertThat(content).hasSize((int) size);
            assertThat(Arrays.copyOfRange(content, MIB - 8192, content.length))
                    .isEqualTo(Pattern.of(MIB - 8192, MIB - 8192, 8192 + 3 * 512));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "POOLED"})
    void shouldFreeSpaceWhenTrimmed(Engine engine) throws IOException {
        Path file = storage.file("brick.img", 16L * MIB);
        Path device = storage.loopDevice(file, 512);
        try (RealRig rig = open(engine, device)) {
            assertThat(rig.device().geometry().canTrim()).isTrue();
            assertThat(transfer(rig, IoOp.WRITE, 0, 8 * MIB)).isEqualTo(IoStatus.OK);
            long before = allocatedBlocks(file);
            assertThat(submit(rig, r -> r.prepare(IoOp.TRIM, 0, 8L * MIB, IoRequest.FUA)))
                    .isEqualTo(IoStatus.OK);
            assertThat(allocatedBlocks(file)).isLessThan(before / 2);
        }
    }

    private static long allocatedBlocks(Path file) throws IOException {
        return Long.parseLong(TestStorage.run("stat", "--format=%b", file.toString()));
    }

    private static String describe(TestRequest request) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < request.count(); i++) {
            text.append(request.extentLength(i))
                    .append(':')
                    .append(request.extentState(i))
                    .append(' ');
        }
        return text.toString();
    }

    private RealRig open(Engine engine, Path path) throws IOException {
        return RealRig.open(storage, new IoOptions(engine, 4, true), path, Access.READ_WRITE);
    }

    private static IoStatus transfer(RealRig rig, IoOp op, int offset, int length) {
        IoBuffer[] buffer = new IoBuffer[1];
        IoStatus status = submit(rig, request -> {
            buffer[0] = rig.allocate(length);
            buffer[0].bytes(0, length).put(Pattern.of(offset, offset, length));
            request.prepare(op, offset, length, 0, buffer[0], 0);
        });
        rig.onLoop(buffer[0]::release);
        return status;
    }

    private static IoStatus submit(RealRig rig, Consumer<TestRequest> prepare) {
        TestRequest request = new TestRequest();
        rig.onLoop(() -> {
            prepare.accept(request);
            rig.device().submit(request);
        });
        return rig.await(request);
    }
}
