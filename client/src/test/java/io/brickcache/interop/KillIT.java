package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.admin.v1.BrickStats;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * kill -9 under load, again and again, with commits, demotion and eviction busy, and now and then while it is starting
 * after a kill. What was flushed is there, byte for byte; what was not is an older or a newer write, never anything else.
 * Three bricks are written by loads that know what they wrote; fio keeps a fourth one, and with it the cache they share,
 * under pressure, verifying what it wrote; what fio wrote to a fifth one and was flushed, it verifies after the kill.
 */
final class KillIT extends EndToEnd {
    private static final int ROUNDS = Integer.getInteger("interop.kills", 20);
    private static final String BUSY =
            "cache: {commit_interval: 50ms, dirty_low: 5%, dirty_high: 30%, max_dirty_age: 1s}";
    private static final String PRESSURE = "pressure";
    private static final String SETTLED = "settled";
    private static final long SETTLED_BYTES = 4 * MIB;
    private static final long NO_END = Long.MAX_VALUE / 2;

    KillIT(IoEngine engine) {
        super(engine);
    }

    @Test
    void shouldHoldWhatWasFlushedWhenKilledAtRandomMoments() throws Exception {
        SplittableRandom random = new SplittableRandom(Seed.next());
        ServiceProcess service = startWithCache(16 * MIB, BUSY);
        List<BrickLoad> loads = List.of(
                load(service, "larger", 24 * MIB + 512, random.split()),
                load(service, "smaller", 6 * MIB, random.split()),
                load(service, "other", 16 * MIB + 3 * 4096 + 1536, random.split()));

        attachNewFile(service, PRESSURE, 64 * MIB);
        attachNewFile(service, SETTLED, SETTLED_BYTES);

        for (int round = 0; round < ROUNDS; round++) {
            int settledSeed = random.nextInt(Integer.MAX_VALUE);
            settle(service, settledSeed);
            Process fio = startFio(service);
            try {
                runUntilKilled(service, loads, 200 + random.nextInt(12_000));
                assertThat(fio.waitFor(1, TimeUnit.MINUTES)).as("fio ended").isTrue();
                // Its device went away under it: that it noticed shows that it was at work.
                assertThat(fio.exitValue()).as("exit code of fio").isNotZero();
                assertThat(directory().resolve("fio.log")).content().doesNotContain("verify");
            } finally {
                fio.destroyForcibly();
            }
            if (random.nextInt(4) == 0) {
                service.killWhileStarting(200 + random.nextInt(1_500));
            }
            service.restart();
            fioOnSettled(service, settledSeed, "--verify_only");
            for (BrickLoad load : loads) {
                try {
                    load.checkAfterCrash(service);
                } catch (AssertionError e) {
                    throw new AssertionError("after kill " + (round + 1) + ", " + load, e);
                }
            }
            if ((round + 1) % 20 == 0) {
                System.out.println((round + 1) + " kills survived");
            }
        }

        for (BrickLoad load : loads) {
            load.runRandom(service, 16 * MIB, () -> {});
            load.checkRunning(service);
        }
        assertWasBusy(service, loads);
        for (BrickLoad load : loads) {
            System.out.println(load);
            service.admin().flushAndDetach(load.export());
            load.checkDevice();
        }
    }

    private Process startFio(ServiceProcess service) throws IOException {
        return new ProcessBuilder(
                        "fio",
                        "--name=pressure",
                        "--ioengine=nbd",
                        "--uri=" + service.uri(PRESSURE),
                        "--rw=randwrite",
                        "--bsrange=512-64k",
                        "--blockalign=512",
                        "--iodepth=16",
                        "--fsync=64",
                        "--verify=crc32c",
                        "--verify_backlog=64",
                        "--verify_fatal=1",
                        "--loops=100000")
                .directory(directory().toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory().resolve("fio.log").toFile())
                .start();
    }

    /** Writes the settled brick over with fio and flushes it; nobody writes to it until the kill. */
    private static void settle(ServiceProcess service, int seed) throws IOException {
        fioOnSettled(service, seed, "--do_verify=0");
        try (NbdClient client = service.connect(SETTLED)) {
            client.call(NbdClient.Request.flush());
        }
    }

    /** The same seed makes fio write, or with {@code --verify_only} expect, the same at the same places. */
    private static void fioOnSettled(ServiceProcess service, int seed, String what) {
        Tool.run(
                        "fio",
                        "--name=settled",
                        "--ioengine=nbd",
                        "--uri=" + service.uri(SETTLED),
                        "--rw=randwrite",
                        "--bsrange=512-16k",
                        "--blockalign=512",
                        "--size=" + SETTLED_BYTES,
                        "--iodepth=16",
                        "--randseed=" + seed,
                        "--verify=crc32c",
                        "--verify_fatal=1",
                        what)
                .succeeded();
    }

    /** The kills are worth something only while all of the engine is at work. */
    private static void assertWasBusy(ServiceProcess service, List<BrickLoad> loads) {
        List<BrickStats> stats = loads.stream()
                .map(load -> service.admin().brick(load.export()).getStats())
                .toList();
        assertThat(stats.stream().mapToLong(BrickStats::getDemotedBlocks).sum())
                .as("demoted blocks")
                .isPositive();
        assertThat(stats.stream().mapToLong(BrickStats::getEvictedBlocks).sum())
                .as("evicted blocks")
                .isPositive();
        assertThat(stats.stream().mapToLong(BrickStats::getPromotedBlocks).sum())
                .as("promoted blocks")
                .isPositive();
    }

    private BrickLoad load(ServiceProcess service, String export, long sizeBytes, SplittableRandom random)
            throws IOException {
        Path device = directory().resolve(export + ".img");
        BrickLoad load = new BrickLoad(export, device, sizeBytes, random);
        load.prepareDevice();
        service.admin().attachBrick(export, CACHE, device);
        return load;
    }

    /** Runs all loads at once; the request that is the last of so many kills the service while the others go on. */
    private static void runUntilKilled(ServiceProcess service, List<BrickLoad> loads, int requests) throws Exception {
        AtomicInteger left = new AtomicInteger(requests);
        BrickLoad.Listener countdown = () -> {
            if (left.decrementAndGet() == 0) {
                service.kill();
            }
        };
        ExecutorService threads = Executors.newFixedThreadPool(loads.size());
        try {
            List<Future<?>> running = new ArrayList<>();
            for (BrickLoad load : loads) {
                running.add(threads.submit(() -> {
                    load.runRandom(service, NO_END, countdown);
                    return null;
                }));
            }
            for (Future<?> load : running) {
                awaitCut(load, left);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** A load ends when its connection is cut, by the kill and by nothing else. */
    private static void awaitCut(Future<?> load, AtomicInteger left) throws Exception {
        try {
            load.get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof IOException) || left.get() > 0) {
                throw e;
            }
        }
    }
}
