package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The disk of a brick is made larger under the packaged service, which is killed afterwards. */
@Tag("root")
final class GrowIT extends EndToEnd {
    private static final long BEFORE = 8 * MIB + 3 * 512;
    private static final long AFTER = 20 * MIB + 7 * 512;

    GrowIT(IoEngine engine) {
        super(engine);
    }

    /** What will be at the place of the brick, and for now just the first part of it. */
    private byte[] cutShort(Path file) throws IOException {
        byte[] all = Files.readAllBytes(file);
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.setLength(BEFORE);
        }
        return Arrays.copyOfRange(all, (int) BEFORE, all.length);
    }

    private void append(Path file, byte[] rest) throws IOException {
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.seek(BEFORE);
            disk.write(rest);
        }
    }

    private BrickLoad load() throws IOException {
        BrickLoad load = new BrickLoad("b", directory().resolve("b.img"), AFTER, new SplittableRandom(Seed.next()));
        load.prepareDevice();
        return load;
    }

    private void growAndCheck(ServiceProcess service, BrickLoad load) throws IOException {
        String remark = "unused; to use them: brickcache brick grow b";
        assertThat(service.cli("status").succeeded().output()).contains("all data safe", remark);
        assertThat(service.cli("brick", "show", "b").succeeded().output()).contains(remark);
        Outcome grown = service.cli("brick", "grow", "b").succeeded();
        assertThat(grown.errors()).contains("has grown from", "(" + BEFORE + " bytes)", "(" + AFTER + " bytes)");
        assertThat(service.cli("status").succeeded().output()).doesNotContain(remark);
        service.kill();
        service.restart();
        assertThat(service.admin().brick("b").getSizeBytes()).isEqualTo(AFTER);
        load.checkAfterCrash(service);

        load.runRandom(service, 24 * MIB, () -> {});
        load.checkRunning(service);
        service.kill();
        service.restart();
        load.checkAfterCrash(service);
        service.admin().flushAndDetach("b");
        load.checkDevice();
    }

    @ParameterizedTest
    @ValueSource(ints = {4096, 65536})
    void shouldKeepEverythingOverKillsWhenTheFileUnderABrickIsMadeLarger(int blockBytes) throws IOException {
        ServiceProcess service = start();
        service.admin().createCache(CACHE, Files.createDirectory(directory().resolve("ssd")), 16 * MIB, blockBytes);
        BrickLoad load = load();
        byte[] rest = cutShort(load.device());
        service.admin().attachBrick("b", CACHE, load.device());
        load.runSequential(service, BEFORE, 64 << 10);

        append(load.device(), rest);

        growAndCheck(service, load);
    }

    @Test
    void shouldKeepEverythingOverKillsWhenTheBlockDeviceUnderABrickIsMadeLarger() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);
        BrickLoad load = load();
        byte[] rest = cutShort(load.device());
        try (LoopDevice disk = LoopDevice.on(load.device(), 512)) {
            service.admin().attachBrick("b", CACHE, disk.path());
            load.runSequential(service, BEFORE, 64 << 10);

            append(load.device(), rest);
            Tool.run("losetup", "--set-capacity", disk.path().toString()).succeeded();

            growAndCheck(service, load);
        }
    }

    @Test
    void shouldServeTheBrickAsItWasAndRefuseToMakeItSmaller() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);
        Path disk = attachNewFile(service, "b", AFTER);
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(BEFORE);
            assertThat(service.cli("brick", "grow", "b").exitedWith(4).errors())
                    .contains("has " + BEFORE + " bytes", "has " + AFTER, "cannot be made smaller");
            file.setLength(AFTER);
        }
        assertThat(service.cli("brick", "grow", "b").succeeded().errors()).contains("all of its disk already");
        assertThat(service.admin().brick("b").getSizeBytes()).isEqualTo(AFTER);
    }
}
