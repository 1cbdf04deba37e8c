package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.admin.v1.BrickState;
import io.brickcache.admin.v1.CacheState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The SSD is not there after a crash, and comes back while its bricks are in use. */
final class CacheAwayIT extends EndToEnd {
    private static final String NO_DEMOTION =
            "cache: {dirty_low: 98%, dirty_high: 99%, max_dirty_age: 24h, idle_delay: 24h}";

    CacheAwayIT(IoEngine engine) {
        super(engine);
    }

    private BrickLoad attachedLoad(ServiceProcess service, String export) throws IOException {
        BrickLoad load =
                new BrickLoad(export, directory().resolve(export + ".img"), 4 * MIB, new SplittableRandom(Seed.next()));
        load.prepareDevice();
        service.admin().attachBrick(export, CACHE, load.device());
        return load;
    }

    @Test
    void shouldServeWhatIsWholeAndComeBackWithEverythingWhenTheSsdDoes() throws Exception {
        ServiceProcess service = startWithCache(64 * MIB, NO_DEMOTION);
        BrickLoad clean = attachedLoad(service, "clean");
        BrickLoad dirty = attachedLoad(service, "dirty");
        clean.runRandom(service, 4 * MIB, () -> {});
        clean.checkRunning(service);
        service.admin().flush("clean");
        dirty.runRandom(service, 4 * MIB, () -> {});
        dirty.checkRunning(service);
        awaitRecord(service, "clean");
        service.kill();
        Path ssd = directory().resolve("ssd");
        Path hidden = directory().resolve("hidden");
        Files.move(ssd, hidden);

        service.restart();

        assertThat(service.admin().cache(CACHE).getState()).isEqualTo(CacheState.CACHE_STATE_UNAVAILABLE);
        assertThat(service.admin().brick("clean").getState()).isEqualTo(BrickState.BRICK_STATE_PASS_THROUGH);
        assertThat(service.admin().brick("dirty").getState()).isEqualTo(BrickState.BRICK_STATE_UNAVAILABLE);
        assertThat(service.admin().brick("dirty").getDirtyBytes()).isPositive();
        service.cli("cache", "rejoin", CACHE).exitedWith(4);
        clean.checkRunning(service);
        // Written without the cache, and while it comes back: nothing of it may get lost, and nothing old be seen.
        int[] left = {400};
        clean.runRandom(service, 8 * MIB, () -> {
            if (--left[0] == 0) {
                bringBack(hidden, ssd);
            }
        });
        while (service.admin().cache(CACHE).getState() != CacheState.CACHE_STATE_SERVING) {
            clean.runRandom(service, MIB, () -> {});
        }

        assertThat(service.admin().brick("clean").getState()).isEqualTo(BrickState.BRICK_STATE_SERVING);
        assertThat(service.admin().brick("dirty").getState()).isEqualTo(BrickState.BRICK_STATE_SERVING);
        clean.runRandom(service, 2 * MIB, () -> {});
        clean.checkRunning(service);
        dirty.checkAfterCrash(service);
        service.admin().flushAndDetach("clean");
        service.admin().flushAndDetach("dirty");
        clean.checkDevice();
    }

    /** That a brick is clean is recorded a second later than it is so. */
    private void awaitRecord(ServiceProcess service, String brick) throws IOException {
        Path record = directory()
                .resolve("state/bricks")
                .resolve(service.admin().brick(brick).getUuid());
        while (!Files.readString(record).contains("dirty_bytes 0\n")) {
            service.admin().brick(brick);
        }
    }

    private static void bringBack(Path from, Path to) {
        try {
            Files.move(from, to);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void shouldGiveUpWhatIsLostWhenToldTo() throws Exception {
        ServiceProcess service = startWithCache(64 * MIB, NO_DEMOTION);
        BrickLoad dirty = attachedLoad(service, "dirty");
        dirty.runRandom(service, MIB, () -> {});
        dirty.checkRunning(service);
        service.kill();
        Files.move(directory().resolve("ssd"), directory().resolve("hidden"));
        service.restart();

        service.cli("cache", "delete", CACHE, "--yes").exitedWith(4);
        service.cli("cache", "delete", CACHE, "--yes", "--force").exitedWith(4);
        service.cli("brick", "attach", "dirty", "--keep-disk").exitedWith(4);
        service.cli("brick", "attach", "dirty", "--keep-disk", "--give-up-dirty")
                .exitedWith(0);
        assertThat(service.admin().brick("dirty").getState()).isEqualTo(BrickState.BRICK_STATE_PASS_THROUGH);
        service.cli("cache", "delete", CACHE, "--yes", "--force").exitedWith(0);
        assertThat(service.cli("brick", "list", "-o", "json").exitedWith(0).output())
                .doesNotContain("\"dirty\"");
    }
}
