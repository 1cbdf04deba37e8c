package io.brickcache.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelAdviceTest {

    @TempDir
    private Path root;

    private void write(String file, String text) throws IOException {
        Files.createDirectories(root.resolve(file).getParent());
        Files.writeString(root.resolve(file), text);
    }

    @Test
    void shouldSayThatTheModuleIsToBeLoadedWhenItIsThere() throws IOException {
        write("proc/sys/kernel/osrelease", "6.1.0-56-amd64\n");
        write("lib/modules/6.1.0-56-amd64/modules.dep", "kernel/fs/xfs.ko:\nkernel/drivers/block/nbd.ko.xz:\n");
        MappingException advice = new KernelAdvice(root).noDriver();
        assertThat(advice.reason()).isEqualTo(MappingException.Reason.NO_DRIVER);
        assertThat(advice.remedy()).contains("modprobe nbd");
    }

    @ParameterizedTest
    @CsvSource({
        "6.1.0-56-cloud-amd64, ID=debian, linux-image-amd64",
        "6.1.0-56-amd64, ID=debian, linux-image-amd64",
        "6.8.0-31-generic, ID=ubuntu, linux-modules-extra-6.8.0-31-generic",
        "6.9.0-1.fc40, ID=fedora, kernel-modules-6.9.0-1.fc40",
        "5.14.0-362.el9, ID_LIKE=rhel, ELRepo",
        "6.6.6, ID=own, CONFIG_BLK_DEV_NBD"
    })
    void shouldNameThePackageWhenTheKernelHasNoDriver(String release, String system, String expected)
            throws IOException {
        write("proc/sys/kernel/osrelease", release);
        write("etc/os-release", "NAME=some\n" + system + "\n");
        assertThat(new KernelAdvice(root).noDriver().remedy()).contains(expected, "--fuse");
    }
}
