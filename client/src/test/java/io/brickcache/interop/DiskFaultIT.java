package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.admin.v1.BrickState;
import io.brickcache.interop.NbdClient.Request;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The disk of one brick fails or hangs: EIO for what only the disk has, and nothing of it reaches the neighbour. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class DiskFaultIT extends EndToEnd {
    private static final String BUSY =
            "cache: {commit_interval: 100ms, dirty_low: 5%, dirty_high: 50%, max_dirty_age: 1s, idle_delay: 1s}";
    private static final long BRICK_BYTES = 12 * MIB;

    private final SplittableRandom random = new SplittableRandom(Seed.next());

    DiskFaultIT(IoEngine engine) {
        super(engine);
    }

    @Test
    void shouldAnswerEioForWhatOnlyTheDiskHasWhenTheDiskFails() throws Exception {
        ServiceProcess service = startWithCache(16 * MIB, BUSY);
        BrickLoad broken = newLoad("broken");
        BrickLoad neighbour = attachedLoad(service, "neighbour");
        try (FailingDisk disk = FailingDisk.on(
                broken.device(), Files.createDirectory(directory().resolve("fuse")))) {
            service.admin().attachBrick(broken.export(), CACHE, disk.path());
            // Whole blocks: one that is there in part needs the disk for the rest.
            broken.writeWholeBlocks(service, 600);
            service.admin().flush(broken.export());
            long cachedBlocks = service.admin().brick(broken.export()).getCachedBytes() / 4096;

            disk.fail();
            int unreadable = broken.checkWhereReadable(service);
            assertThat(unreadable).as("blocks answered with EIO").isPositive().isLessThanOrEqualTo((int)
                    (BRICK_BYTES / 4096 - cachedBlocks));
            broken.writeWholeBlocks(service, 200);
            neighbour.runRandom(service, 16 * MIB, () -> {});
            neighbour.checkRunning(service);
            assertThat(service.admin().brick(broken.export()).getState()).isEqualTo(BrickState.BRICK_STATE_SERVING);
            assertThat(service.admin().brick(broken.export()).getDirtyBytes()).isPositive();

            disk.heal();
            broken.checkRunning(service);
            service.admin().flushAndDetach(broken.export());
            service.admin().flushAndDetach(neighbour.export());
        }
        broken.checkDevice();
        neighbour.checkDevice();
    }

    @Test
    void shouldGoOnWithTheNeighbourWhenADiskHangs() throws Exception {
        ServiceProcess service = startWithCache(16 * MIB, BUSY);
        BrickLoad hanging = newLoad("hanging");
        BrickLoad neighbour = attachedLoad(service, "neighbour");
        try (FailingDisk disk = FailingDisk.on(
                hanging.device(), Files.createDirectory(directory().resolve("fuse")))) {
            service.admin().attachBrick(hanging.export(), CACHE, disk.path());
            hanging.runRandom(service, 4 * MIB, () -> {});

            disk.hang();
            // Requests as many as a client may have, and a demotion of what is dirty, are under way and do not end.
            CompletableFuture<Void> stuck = CompletableFuture.runAsync(() -> run(hanging, service));
            neighbour.runRandom(service, 24 * MIB, () -> {});
            neighbour.checkRunning(service);
            assertThat(stuck).as("load on the disk that hangs").isNotDone();

            disk.heal();
            stuck.get(2, TimeUnit.MINUTES);
            hanging.checkRunning(service);
            service.admin().flushAndDetach(hanging.export());
            service.admin().flushAndDetach(neighbour.export());
        }
        hanging.checkDevice();
        neighbour.checkDevice();
    }

    @Test
    void shouldAnswerEioAndNotZeroesWhenTheFileOfABrickIsCutShort() throws Exception {
        ServiceProcess service = startWithCache(16 * MIB);
        BrickLoad load = attachedLoad(service, "b");
        BrickLoad neighbour = attachedLoad(service, "neighbour");
        load.writeWholeBlocks(service, 300);
        service.admin().flush(load.export());
        long end = BRICK_BYTES / 2;
        truncate(load.device(), end);

        int unreadable = load.checkWhereReadable(service);

        assertThat(unreadable).as("blocks answered with EIO").isPositive().isLessThanOrEqualTo((int)
                ((BRICK_BYTES - end) / 4096));
        try (NbdClient client = service.connect("b")) {
            Request read = Request.read(0, (int) end);
            assertThat(client.attempt(read)).as("the half that is there").isZero();
        }
        neighbour.runRandom(service, 4 * MIB, () -> {});
        neighbour.checkRunning(service);
    }

    private static void run(BrickLoad load, ServiceProcess service) {
        try {
            load.runRandom(service, 24 * MIB, () -> {});
        } catch (IOException e) {
            throw new AssertionError(load.toString(), e);
        }
    }

    private BrickLoad newLoad(String export) throws IOException {
        BrickLoad load = new BrickLoad(export, directory().resolve(export + ".img"), BRICK_BYTES, random.split());
        load.prepareDevice();
        return load;
    }

    private BrickLoad attachedLoad(ServiceProcess service, String export) throws IOException {
        BrickLoad load = newLoad(export);
        service.admin().attachBrick(export, CACHE, load.device());
        return load;
    }

    private static void truncate(Path file, long bytes) throws IOException {
        try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
            opened.setLength(bytes);
        }
    }
}
