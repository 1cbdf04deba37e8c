package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A cache that is full of dirty blocks, with demotion held back: no request fails, and everything reads back right. */
final class FullCacheIT extends EndToEnd {
    private static final long CACHE_BYTES = 32 * MIB;
    private static final long BRICK_BYTES = 160 * MIB;
    private static final String NO_DEMOTION =
            "cache: {dirty_low: 98%, dirty_high: 99%, max_dirty_age: 24h, idle_delay: 24h}";

    FullCacheIT(IoEngine engine) {
        super(engine);
    }

    @Test
    void shouldServeEverythingWhenFourTimesTheCacheIsWrittenAtRandom() throws IOException {
        ServiceProcess service = startWithCache(CACHE_BYTES, NO_DEMOTION);
        BrickLoad load = attachedLoad(service);

        load.runRandom(service, 4 * CACHE_BYTES, () -> {});
        load.checkRunning(service);

        assertWentAround(service);
        assertReachesTheDisk(service, load);
    }

    @Test
    void shouldServeEverythingWhenFourTimesTheCacheIsWrittenInSequence() throws IOException {
        ServiceProcess service = startWithCache(CACHE_BYTES, NO_DEMOTION);
        BrickLoad load = attachedLoad(service);

        load.runSequential(service, 4 * CACHE_BYTES, 256 << 10);
        load.checkRunning(service);

        assertWentAround(service);
        assertReachesTheDisk(service, load);
    }

    @Test
    void shouldServeEverythingWhenAFullCacheIsWrittenAgainAfterARestart() throws IOException {
        ServiceProcess service = startWithCache(CACHE_BYTES, NO_DEMOTION);
        BrickLoad load = attachedLoad(service);
        load.runSequential(service, 2 * CACHE_BYTES, 4 << 10);

        service.kill();
        service.restart();

        load.checkAfterCrash(service);
        load.runRandom(service, 2 * CACHE_BYTES, () -> {});
        load.checkRunning(service);
        assertReachesTheDisk(service, load);
    }

    private BrickLoad attachedLoad(ServiceProcess service) throws IOException {
        SplittableRandom random = new SplittableRandom(Seed.next());
        BrickLoad load = new BrickLoad("b", directory().resolve("b.img"), BRICK_BYTES, random);
        load.prepareDevice();
        service.admin().attachBrick("b", CACHE, load.device());
        return load;
    }

    private static void assertWentAround(ServiceProcess service) {
        assertThat(service.admin().writeAroundBytes("b")).isPositive();
        assertThat(service.admin().brick("b").getDirtyBytes()).isBetween(1L, CACHE_BYTES);
    }

    private static void assertReachesTheDisk(ServiceProcess service, BrickLoad load) throws IOException {
        service.admin().flushAndDetach("b");
        load.checkDevice();
    }
}
