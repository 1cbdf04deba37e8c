package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.BrickState;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A disk that is written to while the service is dead: nothing is served or written until the operator has decided. */
final class FenceIT extends EndToEnd {
    private static final String NO_DEMOTION =
            "cache: {dirty_low: 98%, dirty_high: 99%, max_dirty_age: 24h, idle_delay: 24h}";

    private @Nullable ServiceProcess service;
    private @Nullable BrickLoad load;

    FenceIT(IoEngine engine) {
        super(engine);
    }

    private ServiceProcess service() {
        return Objects.requireNonNull(service);
    }

    private Path device() {
        return Objects.requireNonNull(load).device();
    }

    /** Clean blocks all over the brick, then some dirty ones, then kill -9, then a write to the bare disk. */
    private void startFenced() throws IOException {
        ServiceProcess started = startWithCache(64 * MIB, NO_DEMOTION);
        service = started;
        BrickLoad made = new BrickLoad("b", directory().resolve("b.img"), 8 * MIB, new SplittableRandom(Seed.next()));
        load = made;
        made.prepareDevice();
        started.admin().attachBrick("b", CACHE, made.device());
        made.runRandom(started, 8 * MIB, () -> {});
        started.admin().flush("b");
        made.runRandom(started, MIB, () -> {});
        made.checkRunning(started);
        started.kill();
        scribble(made.device());
        started.restart();
        assertThat(started.admin().brick("b").getState()).isEqualTo(BrickState.BRICK_STATE_FENCED);
    }

    /** One sector in every 64 KiB: whatever the fence looks at, it sees some of them. */
    private static void scribble(Path disk) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(disk.toFile(), "rw")) {
            for (long at = 4096; at < open.length(); at += 64 << 10) {
                open.seek(at);
                open.write(("somebody else wrote here at " + at).repeat(8).getBytes(StandardCharsets.US_ASCII), 0, 200);
            }
        }
    }

    @Test
    void shouldServeNothingUntilTheOperatorDecides() throws Exception {
        startFenced();

        Brick fenced = service().admin().brick("b");
        assertThat(fenced.getDirtyBytes()).isPositive();
        assertThat(fenced.getExportUrisList()).isEmpty();
        assertThat(fenced.getStateReason()).contains("was written without the cache", "--keep-disk", "--keep-cache");
        Outcome status = service().cli("status");
        assertThat(status.output()).contains("fenced");
        Outcome refused = service().cli("brick", "attach", "b", "--keep-disk");
        refused.exitedWith(4);
        assertThat(refused.errors()).contains(fenced.getDirtyBytes() + " bytes", "--give-up-dirty");
    }

    @Test
    void shouldTakeTheDiskAsItIsWhenToldTo() throws Exception {
        startFenced();
        byte[] disk = Files.readAllBytes(device());

        Outcome kept = service().cli("brick", "attach", "b", "--keep-disk", "--give-up-dirty");

        kept.exitedWith(0);
        assertThat(service().admin().brick("b").getState()).isEqualTo(BrickState.BRICK_STATE_SERVING);
        service().admin().flushAndDetach("b");
        assertThat(Files.readAllBytes(device())).isEqualTo(disk);
    }

    @Test
    void shouldReplayWhatIsDirtyWhenToldTo() throws Exception {
        startFenced();
        Outcome kept = service().cli("brick", "attach", "b", "--keep-cache");

        kept.exitedWith(0);
        Brick brick = service().admin().brick("b");
        assertThat(brick.getState()).isEqualTo(BrickState.BRICK_STATE_SERVING);
        service().admin().flushAndDetach("b");
    }
}
