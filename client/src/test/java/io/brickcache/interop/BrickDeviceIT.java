package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bricks and data areas of every kind: files and block devices, small and large sectors, odd sizes. */
final class BrickDeviceIT extends EndToEnd {
    BrickDeviceIT(IoEngine engine) {
        super(engine);
    }

    @ParameterizedTest
    @CsvSource({"512, 12583424", "512, 12582912", "4096, 12587008"})
    void shouldServeWhatIsThereAndBringBackWhatIsWrittenWhenTheBrickIsABlockDevice(int sectorBytes, long sizeBytes)
            throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);
        Path file = directory().resolve("disk.img");
        BrickLoad load = new BrickLoad("b", file, sizeBytes, new SplittableRandom(Seed.next()));
        load.prepareDevice();
        try (LoopDevice disk = LoopDevice.on(file, sectorBytes)) {
            service.admin().attachBrick("b", CACHE, disk.path());

            load.checkRunning(service);
            load.runRandom(service, 32 * MIB, () -> {});
            load.checkRunning(service);

            service.admin().flushAndDetach("b");
        }
        load.checkDevice();
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 4096})
    void shouldKeepDirtyDataOverAKillWhenTheDataAreaIsABlockDevice(int sectorBytes) throws IOException {
        ServiceProcess service = start();
        Path area = newFile("area.img", 16 * MIB);
        BrickLoad load =
                new BrickLoad("b", directory().resolve("b.img"), 24 * MIB + 512, new SplittableRandom(Seed.next()));
        load.prepareDevice();
        try (LoopDevice ssd = LoopDevice.on(area, sectorBytes)) {
            createCacheOn(service, ssd);
            service.admin().attachBrick("b", CACHE, load.device());
            load.runRandom(service, 32 * MIB, () -> {});

            service.kill();
            service.restart();

            load.checkAfterCrash(service);
            service.admin().flushAndDetach("b");
            load.checkDevice();
            service.close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4096, 8192, 16384, 32768, 65536})
    void shouldBringBackWhatIsWrittenWhenTheBlocksAreOfThatSize(int blockBytes) throws IOException {
        ServiceProcess service = start();
        service.admin().createCache(CACHE, Files.createDirectory(directory().resolve("ssd")), 16 * MIB, blockBytes);
        BrickLoad load =
                new BrickLoad("b", directory().resolve("b.img"), 20 * MIB + 512, new SplittableRandom(Seed.next()));
        load.prepareDevice();
        service.admin().attachBrick("b", CACHE, load.device());

        load.runRandom(service, 24 * MIB, () -> {});
        load.checkRunning(service);
        service.kill();
        service.restart();
        load.checkAfterCrash(service);

        service.admin().flushAndDetach("b");
        load.checkDevice();
    }

    @Test
    void shouldRefuseADeviceWhenItIsMounted() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);
        Path mount = Files.createDirectory(directory().resolve("mnt"));
        try (LoopDevice disk = LoopDevice.on(newFile("disk.img", 320 * MIB), 512)) {
            Tool.run("mkfs.xfs", "-q", disk.path().toString()).succeeded();
            Tool.run("mount", disk.path().toString(), mount.toString()).succeeded();
            Outcome refused;
            try {
                refused = service.cli(
                        "brick",
                        "attach",
                        "b",
                        "--cache",
                        CACHE,
                        "--device",
                        disk.path().toString());
            } finally {
                Tool.run("umount", mount.toString()).succeeded();
            }

            assertThat(refused.exitedWith(4).errors()).contains(disk.path().toString());
            // Free now: nothing of the refused attempt is in the way.
            service.cli(
                            "brick",
                            "attach",
                            "b",
                            "--cache",
                            CACHE,
                            "--device",
                            disk.path().toString())
                    .succeeded();
            service.close();
        }
    }
}
