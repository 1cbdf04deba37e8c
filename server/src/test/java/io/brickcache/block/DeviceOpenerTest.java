package io.brickcache.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.brickcache.block.OpenOptions.Access;
import io.brickcache.block.OpenOptions.Caching;
import io.brickcache.block.nativeio.DeviceException;
import io.brickcache.block.nativeio.DeviceException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("root")
class DeviceOpenerTest {

    private static final long MIB = 1 << 20;

    private final TestStorage storage = new TestStorage();

    @AfterEach
    void takeDown() {
        storage.close();
    }

    @Test
    void shouldFindGeometryWhenFileIsOpened() throws IOException {
        try (OpenedDevice device = open(storage.file("brick.img", MIB + 512))) {
            assertThat(device.kind()).isEqualTo(OpenedDevice.Kind.FILE);
            assertThat(device.geometry()).isEqualTo(new Geometry(MIB + 512, 512, 4096, true, true, false));
        }
    }

    @Test
    void shouldReachTailOfFileByBufferedDescriptorWhenAlignmentIsLarge() throws IOException {
        try (OpenedDevice device = open(storage.fileOfLargeAlignment(MIB + 512))) {
            assertThat(device.geometry().sizeBytes()).isEqualTo(MIB + 512);
            assertThat(device.geometry().sectorBytes()).isEqualTo(4096);
            assertThat(device.directEnd()).isEqualTo(MIB);
            assertThat(device.descriptorAt(MIB)).isNotSameAs(device.main());
            assertThat(device.descriptorAt(MIB - 4096)).isSameAs(device.main());
            assertThat(device.runBytes(MIB - 4096, 4608)).isEqualTo(4096);
        }
    }

    @Test
    void shouldFindGeometryWhenBlockDeviceIsOpenedThroughLink() throws IOException {
        Path loop = storage.loopDevice(storage.file("l", MIB), 4096);
        Path link = Files.createSymbolicLink(storage.directory().resolve("by-id"), loop);
        try (OpenedDevice device = open(link)) {
            assertThat(device.kind()).isEqualTo(OpenedDevice.Kind.BLOCK_DEVICE);
            assertThat(device.path()).isEqualTo(link);
            assertThat(device.geometry().sizeBytes()).isEqualTo(MIB);
            assertThat(device.geometry().sectorBytes()).isEqualTo(4096);
            assertThat(device.geometry().readOnly()).isFalse();
        }
    }

    @Test
    void shouldKeepIdentityWhenOpenedAgain() throws IOException {
        Path file = storage.file("brick.img", MIB);
        Path loop = storage.loopDevice(storage.file("l", MIB), 512);
        String identityOfFile = identity(file);
        String identityOfLoop = identity(loop);
        assertThat(identity(file)).isEqualTo(identityOfFile).startsWith("file:inode=");
        assertThat(identity(loop)).isEqualTo(identityOfLoop).startsWith("block:");
        assertThat(identity(storage.file("brick.img", MIB))).isNotEqualTo(identityOfFile);
        assertThat(OpenedDevice.isSame(identityOfFile, identityOfLoop)).isFalse();
        assertThat(OpenedDevice.isUnique(identityOfFile)).isTrue();
        assertThat(OpenedDevice.isUnique("block:dm-uuid=LVM-1,partition=2,size=512"))
                .isTrue();
        assertThat(OpenedDevice.isUnique("block:serial=vhost,size=512")).isFalse();
        assertThat(OpenedDevice.isUnique("block:number=7:1,size=512")).isFalse();
        assertThat(OpenedDevice.withSize(identityOfFile, 2 * MIB)).endsWith(",size=" + 2 * MIB);
        Files.write(file, new byte[512], StandardOpenOption.APPEND);
        assertThat(OpenedDevice.isSame(identity(file), identityOfFile)).isTrue();
    }

    @Test
    void shouldOpenReadOnlyWhenBlockDeviceIsReadOnly() throws IOException {
        try (OpenedDevice device = open(storage.loopDevice(storage.file("l", MIB), 512, "--read-only"))) {
            assertThat(device.geometry().readOnly()).isTrue();
        }
    }

    @Test
    void shouldOpenSeveralTimesWhenFileIsOpenedReadOnly() throws IOException {
        Path file = storage.file("brick.img", MIB);
        OpenOptions readOnly = new OpenOptions(Caching.DIRECT, Access.READ_ONLY);
        try (OpenedDevice first = DeviceOpener.open(file, readOnly);
                OpenedDevice second = DeviceOpener.open(file, readOnly)) {
            assertThat(first.geometry().readOnly()).isTrue();
            assertThat(second.identity()).isEqualTo(first.identity());
            assertFails(file, Reason.IN_USE, "locked");
        }
    }

    @Test
    void shouldRefuseWhenFileIsOpenAlready() throws IOException {
        Path file = storage.file("brick.img", MIB);
        try (OpenedDevice first = open(file)) {
            assertThat(first.geometry().readOnly()).isFalse();
            assertFails(file, Reason.IN_USE, "locked", "lslocks");
        }
        open(file).close();
    }

    @Test
    void shouldRefuseAndNameMountPointWhenBlockDeviceIsMounted() throws IOException {
        Path loop = storage.loopDevice(storage.file("l", 400 * MIB), 512);
        TestStorage.run("mkfs.xfs", "-q", loop.toString());
        Path mountPoint = storage.mount("xfs", loop.toString());
        assertFails(loop, Reason.IN_USE, "mounted on " + mountPoint.toRealPath());
    }

    @Test
    void shouldRefuseWhenBlockDeviceIsOpenAlready() throws IOException {
        Path loop = storage.loopDevice(storage.file("l", MIB), 512);
        try (OpenedDevice first = open(loop)) {
            assertThat(first.kind()).isEqualTo(OpenedDevice.Kind.BLOCK_DEVICE);
            assertFails(loop, Reason.IN_USE, "is in use");
        }
        open(loop).close();
    }

    @Test
    void shouldRefuseWhenPathIsUnsuitable() throws IOException {
        Path directory = storage.directory();
        assertFails(directory.resolve("none"), Reason.MISSING, "does not exist", "/dev/disk/by-id");
        assertFails(directory, Reason.WRONG_KIND, "is a directory");
        assertFails(Path.of("/dev/null"), Reason.WRONG_KIND, "neither a block device nor a regular file");
        assertFails(storage.file("empty", 0), Reason.UNSUITABLE, "size 0", "truncate");
        assertFails(storage.file("odd", 1000), Reason.UNSUITABLE, "1000 bytes", "1024");
    }

    @Test
    void shouldTreatSectorsAsLargeWhenBetweenSupportedSizes() throws IOException {
        try (OpenedDevice device = open(storage.loopDevice(storage.file("l", MIB), 2048))) {
            assertThat(device.geometry().sectorBytes()).isEqualTo(4096);
        }
        assertThatExceptionOfType(DeviceException.class)
                .isThrownBy(() -> DeviceOpener.sectorFor(Path.of("/dev/sdx"), 8192))
                .withMessageStartingWith("/dev/sdx")
                .withMessageContainingAll("8192", "only 512 to 4096");
    }

    @Test
    void shouldRefuseDirectIoAndOfferSettingWhenFileSystemHasNone() throws IOException {
        Path file = Files.write(storage.mount("ramfs", "none").resolve("brick.img"), Pattern.of(1, 0, 8192));
        assertFails(file, Reason.UNSUITABLE, "direct I/O", "io.direct: false");
        try (OpenedDevice device = DeviceOpener.open(file, new OpenOptions(Caching.PAGE_CACHE, Access.READ_WRITE))) {
            assertThat(device.geometry().sizeBytes()).isEqualTo(8192);
        }
    }

    @Test
    void shouldRefuseWhenFileMayNotBeWritten() throws IOException {
        Path file = storage.file("brick.img", MIB);
        TestStorage.run("mount", "--bind", "-o", "ro", file.toString(), file.toString());
        try {
            assertFails(file, Reason.NOT_PERMITTED, "EROFS", "read-write");
        } finally {
            TestStorage.run("umount", file.toString());
        }
    }

    private static OpenedDevice open(Path path) throws IOException {
        return DeviceOpener.open(path, OpenOptions.DEFAULTS);
    }

    private static String identity(Path path) throws IOException {
        try (OpenedDevice device = open(path)) {
            return device.identity();
        }
    }

    private static void assertFails(Path path, Reason reason, String... words) {
        assertThatExceptionOfType(DeviceException.class)
                .isThrownBy(() -> open(path).close())
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason))
                .withMessageStartingWith(path.toString())
                .satisfies(e -> assertThat(e.getMessage()).contains(words));
    }
}
