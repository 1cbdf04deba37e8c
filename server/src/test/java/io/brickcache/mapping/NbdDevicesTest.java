package io.brickcache.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NbdDevicesTest {

    @TempDir
    private Path root;

    private NbdDevices devices;

    @BeforeEach
    void makeDevice() throws IOException {
        devices = new NbdDevices(root.resolve("sys"), root.resolve("proc"));
        write("sys/block/nbd3/dev", "43:96\n");
        write("sys/block/nbd3/backend", "brickcache/b1\n");
        write("sys/block/nbd3/size", "2048\n");
        write("sys/block/nbd3/nbd3p1/dev", "43:97\n");
        write("sys/block/nbd4/dev", "43:128\n");
        write("sys/block/nbd4/backend", "somebody\n");
        write("sys/block/sda/dev", "8:0\n");
    }

    private void write(String file, String text) throws IOException {
        Files.createDirectories(root.resolve(file).getParent());
        Files.writeString(root.resolve(file), text);
    }

    @Test
    void shouldFindOnlyOurDevicesByTheirBackend() {
        assertThat(devices.backends("brickcache/")).isEqualTo(Map.of(3, "brickcache/b1"));
        assertThat(devices.backend(5)).isNull();
        assertThat(devices.sizeBytes(3)).isEqualTo(1 << 20);
    }

    @Test
    void shouldNameWhatUsesADeviceOrAPartitionOfIt() throws IOException {
        write("proc/self/mountinfo", """
                22 1 8:1 / / rw - ext4 /dev/sda1 rw
                36 22 43:96 / /bricks/b\\0401 rw,noatime - xfs /dev/nbd3 rw
                37 22 0:50 / /sub rw - btrfs /dev/nbd3p1 rw
                """);
        write("proc/1/mountinfo", "36 22 43:96 / /bricks/b\\0401 rw,noatime - xfs /dev/nbd3 rw\n");
        write("proc/swaps", "Filename Type Size\n/dev/nbd3p1 partition 100\n/dev/nbd31 partition 100\n");
        Files.createDirectories(root.resolve("sys/block/nbd3/holders/dm-0"));

        assertThat(devices.users(3))
                .containsExactlyInAnyOrder(
                        "mounted at /bricks/b 1", "mounted at /sub", "swap on /dev/nbd3p1", "device /dev/dm-0 on it");
        assertThat(devices.users(4)).isEmpty();
    }

    @Test
    void shouldTakeOnlyPathsOfWholeDevicesForDevices() {
        assertThat(NbdDevices.indexOf("/dev/nbd12")).hasValue(12);
        assertThat(NbdDevices.indexOf("/dev/nbd12p1")).isEmpty();
        assertThat(NbdDevices.indexOf("nbd12")).isEmpty();
    }
}
