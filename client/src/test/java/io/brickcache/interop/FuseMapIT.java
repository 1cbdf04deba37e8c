package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code map --fuse}: a brick as a block device on a kernel without the NBD driver, this one. */
@Tag("root")
final class FuseMapIT extends EndToEnd {
    FuseMapIT(IoEngine engine) {
        super(engine);
    }

    @Test
    void shouldHoldAFileSystemAndLeaveItOnTheBareDiskWhenABrickIsMappedByFuse() throws IOException {
        ServiceProcess service = startWithCache(64 * MIB);
        Path disk = attachNewFile(service, "b", 400 * MIB);
        Path place = Files.createDirectory(directory().resolve("mnt"));
        Map<String, String> fuse =
                Map.of("BRICKCACHE_FUSE_DIRECTORY", directory().resolve("fuse").toString());

        Outcome mapped = service.cli(fuse, "map", "--fuse", "b").succeeded();
        String device = mapped.output().strip();
        assertThat(device).startsWith("/dev/loop");
        assertThat(mapped.errors()).contains("for trying out");
        assertThat(service.cli(fuse, "map", "--fuse", "b").succeeded().output().strip())
                .isEqualTo(device);
        Tool.run("mkfs.xfs", "-q", "-f", device).succeeded();
        Tool.run("mount", device, place.toString()).succeeded();
        try {
            Files.writeString(place.resolve("file"), "behind the cache");
            Outcome refused = service.cli(fuse, "unmap", "b");
            assertThat(refused.exitCode()).isEqualTo(4);
            assertThat(refused.errors()).contains("mounted at " + place);
            assertThat(service.cli(fuse, "showmapped").succeeded().output()).contains(device, "mounted at " + place);
        } finally {
            Tool.run("umount", place.toString()).succeeded();
        }
        service.cli(fuse, "unmap", device).succeeded();
        assertThat(service.cli(fuse, "showmapped").succeeded().output()).doesNotContain(device);
        service.admin().flushAndDetach("b");

        try (LoopDevice bare = LoopDevice.on(disk, 512)) {
            Tool.run("mount", "-o", "ro", bare.path().toString(), place.toString())
                    .succeeded();
            try {
                assertThat(Files.readString(place.resolve("file"))).isEqualTo("behind the cache");
            } finally {
                Tool.run("umount", place.toString()).succeeded();
            }
        }
    }

    @Test
    void shouldSayHowToGetTheDriverWhenTheKernelHasNone() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);
        attachNewFile(service, "b", 16 * MIB);
        if (Files.exists(Path.of("/dev/nbd0"))) {
            return; // this kernel has it: the lab maps bricks with it
        }
        Outcome refused = service.cli("map", "b");
        assertThat(refused.exitCode()).isEqualTo(4);
        assertThat(refused.errors()).contains("nbd").containsAnyOf("modprobe nbd", "package", "CONFIG_BLK_DEV_NBD");
    }
}
