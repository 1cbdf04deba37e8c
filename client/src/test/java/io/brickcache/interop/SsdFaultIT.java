package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The SSD loses what it held, or its file system is full: never a wrong byte, and an error only where there is no other copy. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SsdFaultIT extends EndToEnd {
    private static final String NO_DEMOTION =
            "cache: {commit_interval: 100ms, dirty_low: 98%, dirty_high: 99%, max_dirty_age: 24h, idle_delay: 24h}";
    private static final String BUSY =
            "cache: {commit_interval: 100ms, dirty_low: 5%, dirty_high: 40%, max_dirty_age: 1s, idle_delay: 1s}";

    private final SplittableRandom random = new SplittableRandom(Seed.next());

    SsdFaultIT(IoEngine engine) {
        super(engine);
    }

    @Test
    void shouldServeFromTheDiskWhenTheDataAreaLosesItsContentAndNothingIsDirty() throws IOException {
        ServiceProcess service = start(NO_DEMOTION);
        Path area = newFile("area.img", 16 * MIB);
        try (LoopDevice ssd = LoopDevice.on(area, 512)) {
            BrickLoad load = attachedLoad(service, ssd);
            load.runRandom(service, 8 * MIB, () -> {});
            load.checkRunning(service);
            service.admin().flush(load.export());
            assertThat(service.admin().brick(load.export()).getCachedBytes()).isPositive();

            lose(area);

            load.checkRunning(service);
            load.runRandom(service, 16 * MIB, () -> {});
            load.checkRunning(service);
            service.admin().flushAndDetach(load.export());
            load.checkDevice();
            service.close();
        }
    }

    @Test
    void shouldAnswerEioForDirtyBlocksAloneWhenTheDataAreaLosesItsContent() throws IOException {
        ServiceProcess service = start(NO_DEMOTION);
        Path area = newFile("area.img", 16 * MIB);
        try (LoopDevice ssd = LoopDevice.on(area, 512)) {
            BrickLoad load = attachedLoad(service, ssd);
            load.runRandom(service, 3 * MIB, () -> {});
            long dirtyBlocks = service.admin().brick(load.export()).getDirtyBytes() / 4096;

            lose(area);

            assertThat((long) load.checkWhereReadable(service))
                    .as("blocks answered with EIO, of %s dirty ones", dirtyBlocks)
                    .isBetween(1L, dirtyBlocks);
            load.writeWholeBlocks(service, 100);
            service.close();
        }
    }

    @Test
    void shouldFailNoRequestWhenTheFileSystemOfTheCacheIsFull() throws Exception {
        ServiceProcess service = start(BUSY);
        try (SmallFileSystem small =
                SmallFileSystem.make(newFile("ssd.img", 160 * MIB), directory().resolve("small"))) {
            service.admin().createCache(CACHE, small.path().resolve("cache"), 16 * MIB, 4096);
            List<BrickLoad> loads = List.of(newLoad("one"), newLoad("two"));
            for (BrickLoad load : loads) {
                service.admin().attachBrick(load.export(), CACHE, load.device());
                load.runRandom(service, 4 * MIB, () -> {});
            }

            AtomicBoolean loaded = new AtomicBoolean();
            CompletableFuture<Void> filling = CompletableFuture.runAsync(() -> fillUntil(small, loaded));
            for (BrickLoad load : loads) {
                load.runRandom(service, 96 * MIB, () -> {});
                load.checkRunning(service);
            }
            loaded.set(true);
            filling.get();

            // Killed while it is full: what was flushed is there all the same.
            service.kill();
            service.restart();
            for (BrickLoad load : loads) {
                load.checkAfterCrash(service);
                load.runRandom(service, 16 * MIB, () -> {});
            }
            small.free();
            for (BrickLoad load : loads) {
                load.runRandom(service, 16 * MIB, () -> {});
                load.checkRunning(service);
                service.admin().flushAndDetach(load.export());
                load.checkDevice();
            }
            service.close();
        }
    }

    /** Keeps the file system full, also when the service gives up what it had in reserve. */
    private static void fillUntil(SmallFileSystem small, AtomicBoolean end) {
        try {
            do {
                small.fill();
                Thread.onSpinWait();
            } while (!end.get());
        } catch (IOException e) {
            throw new AssertionError("cannot fill " + small.path(), e);
        }
    }

    /** All that was in the file is gone; it reads as zeroes. */
    private static void lose(Path area) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(area.toFile(), "rw")) {
            long bytes = file.length();
            file.setLength(0);
            file.setLength(bytes);
        }
    }

    private BrickLoad attachedLoad(ServiceProcess service, LoopDevice ssd) throws IOException {
        createCacheOn(service, ssd);
        BrickLoad load = newLoad("b");
        service.admin().attachBrick(load.export(), CACHE, load.device());
        return load;
    }

    private BrickLoad newLoad(String export) throws IOException {
        BrickLoad load = new BrickLoad(export, directory().resolve(export + ".img"), 12 * MIB, random.split());
        load.prepareDevice();
        return load;
    }
}
