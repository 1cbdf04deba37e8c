package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.admin.v1.Brick;
import java.io.IOException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** An orderly stop and what comes back after it. */
final class RestartIT extends EndToEnd {
    private static final String NO_DEMOTION =
            "cache: {dirty_low: 98%, dirty_high: 99%, max_dirty_age: 24h, idle_delay: 24h}";

    RestartIT(IoEngine engine) {
        super(engine);
    }

    @Test
    void shouldBringBackCachesAndBricksWarmWhenStoppedBySigterm() throws Exception {
        ServiceProcess service = startWithCache(64 * MIB, NO_DEMOTION);
        BrickLoad first = attachedLoad(service, "first", 8 * MIB);
        BrickLoad second = attachedLoad(service, "second", 4 * MIB + 512);
        first.runRandom(service, 8 * MIB, () -> {});
        second.runRandom(service, 4 * MIB, () -> {});
        first.checkRunning(service);
        long dirtyBytes = service.admin().brick("first").getDirtyBytes();

        assertThat(service.terminate()).isZero();
        service.restart();

        // All that was acknowledged, flushed or not: an orderly stop commits.
        assertThat(dirtyBytes).isPositive();
        // Nobody knows how old it is, so that it is on its way to the disk already.
        assertThat(service.admin().brick("first").getDirtyBytes()).isLessThanOrEqualTo(dirtyBytes);
        first.checkRunning(service);
        second.checkRunning(service);
        Brick warm = service.admin().brick("first");
        assertThat(warm.getStats().getReadHitBlocks())
                .isGreaterThan(warm.getStats().getReadMissBlocks());
        service.admin().flushAndDetach("first");
        service.admin().flushAndDetach("second");
        first.checkDevice();
        second.checkDevice();
    }

    /** Neither cold, as flashcache comes up, nor with every block taken for dirty, as dm-cache does. */
    @Test
    void shouldBringBackCleanBlocksWarmAndCleanWhenKilled() throws Exception {
        ServiceProcess service = startWithCache(64 * MIB);
        BrickLoad load = attachedLoad(service, "b", 8 * MIB);
        load.runRandom(service, 8 * MIB, () -> {});
        load.checkRunning(service);
        service.admin().flush("b");
        Brick before = service.admin().brick("b");

        service.kill();
        service.restart();

        Brick after = service.admin().brick("b");
        assertThat(before.getCachedBytes()).isPositive();
        assertThat(after.getDirtyBytes()).isEqualTo(before.getDirtyBytes()).isZero();
        assertThat(after.getCachedBytes()).isEqualTo(before.getCachedBytes());
        load.checkRunning(service);
        Brick warm = service.admin().brick("b");
        assertThat(warm.getStats().getReadHitBlocks())
                .isGreaterThan(warm.getStats().getReadMissBlocks());
    }

    @Test
    void shouldAnswerNothingMoreAndLoseNothingWhenStoppedUnderLoad() throws Exception {
        ServiceProcess service = startWithCache(16 * MIB);
        BrickLoad load = attachedLoad(service, "b", 24 * MIB);
        int[] left = {3000};

        try {
            load.runRandom(service, Long.MAX_VALUE / 2, () -> {
                if (--left[0] == 0) {
                    stop(service);
                }
            });
        } catch (IOException cut) {
            assertThat(left[0]).as("requests before the stop").isLessThanOrEqualTo(0);
        }
        service.restart();

        load.checkAfterCrash(service);
    }

    private static void stop(ServiceProcess service) {
        try {
            service.terminate();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private BrickLoad attachedLoad(ServiceProcess service, String export, long sizeBytes) throws IOException {
        BrickLoad load = new BrickLoad(
                export, directory().resolve(export + ".img"), sizeBytes, new SplittableRandom(Seed.next()));
        load.prepareDevice();
        service.admin().attachBrick(export, CACHE, load.device());
        return load;
    }
}
