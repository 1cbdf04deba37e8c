package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.NodeAdministration.BricksOfCache;
import io.brickcache.admin.NodeAdministration.DirtyData;
import io.brickcache.admin.NodeAdministration.GivenUp;
import io.brickcache.admin.NodeAdministration.LostData;
import io.brickcache.admin.ProgressListener;
import io.brickcache.admin.Reason;
import io.brickcache.block.IoOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The SSD is gone at the start, and comes back below running exports, or never. */
@ParameterizedClass
@MethodSource("engines")
@Timeout(120)
class CacheAwayTest {

    private static final int LENGTH = 256 << 10;
    private static final long AT = 3 * NodeRig.MIB;

    private final IoOptions.Engine engine;

    @TempDir
    private Path directory;

    private NodeRig node;

    CacheAwayTest(IoOptions.Engine engine) {
        this.engine = engine;
    }

    static Stream<IoOptions.Engine> engines() {
        return NodeTest.engines();
    }

    /** One brick of which nothing is dirty, with clean blocks cached, and one with dirty data. */
    @BeforeEach
    void startWithTwoBricks() throws Exception {
        node = new NodeRig(directory, engine).start();
        node.createCache("ssd");
        node.attach("clean", "ssd");
        node.attach("dirty", "ssd");
        node.write("clean", 1, AT, LENGTH);
        node.write("dirty", 2, AT, LENGTH);
        node.admin().flushBrick("clean", ProgressListener.NONE);
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private void startWithoutSsd() throws Exception {
        node.stop();
        Files.move(node.path("ssd"), node.path("hidden"));
        node.start();
    }

    private void bringSsdBack() throws IOException {
        Files.move(node.path("hidden"), node.path("ssd"));
    }

    private BrickView brick(String name) {
        return node.admin().brick(name);
    }

    @Test
    void shouldServeABrickFromItsDiskWhenNothingOfItIsDirty() throws Exception {
        startWithoutSsd();

        CacheView cache = node.admin().cache("ssd");
        assertThat(cache.state()).isEqualTo(CacheView.State.UNAVAILABLE);
        assertThat(cache.stateReason()).contains(node.path("ssd").toString(), LENGTH + " bytes of 1 brick", "--force");
        assertThat(brick("clean").state()).isEqualTo(BrickView.State.PASS_THROUGH);
        assertThat(brick("clean").exportUris()).isNotEmpty();
        assertThat(node.read("clean", AT, LENGTH)).isEqualTo(NodeRig.pattern(1, AT, LENGTH));
        node.write("clean", 7, AT + 512, 4096);
        assertThat(node.readBehind("clean", AT + 512, 4096)).isEqualTo(NodeRig.pattern(7, AT + 512, 4096));
    }

    @Test
    void shouldRefuseABrickWithTheAmountWhenItsDirtyDataIsGone() throws Exception {
        startWithoutSsd();

        assertThat(brick("dirty").state()).isEqualTo(BrickView.State.UNAVAILABLE);
        assertThat(brick("dirty").dirtyBytes()).isEqualTo(LENGTH);
        assertThat(brick("dirty").stateReason()).contains(Integer.toString(LENGTH), "--keep-disk --give-up-dirty");
        assertThatThrownBy(() -> node.connect("dirty")).isInstanceOf(IOException.class);
        NodeRig.refused(
                Reason.BRICK_DIRTY,
                () -> node.admin().detachBrick("dirty", DirtyData.REFUSE, LostData.REFUSE, ProgressListener.NONE));
    }

    @Test
    void shouldPresumeDirtyDataWhenTheRecordIsLost() throws Exception {
        node.stop();
        Path record = new BrickLedger(node.path("state")).file(uuidOf("clean"));
        Files.write(record, new byte[] {1, 2, 3});
        Files.move(node.path("ssd"), node.path("hidden"));
        node.start();

        assertThat(brick("clean").state()).isEqualTo(BrickView.State.UNAVAILABLE);
        assertThat(brick("clean").stateReason()).contains("nobody knows");
        bringSsdBack();
        node.admin().rejoinCache("ssd");
        assertThat(brick("clean").state()).isEqualTo(BrickView.State.SERVING);
        assertThat(node.read("clean", AT, LENGTH)).isEqualTo(NodeRig.pattern(1, AT, LENGTH));
    }

    private UUID uuidOf(String brick) throws IOException {
        return new NodeState(node.path("state"))
                .load().stream()
                        .flatMap(cache -> cache.bricks().stream())
                        .filter(known -> known.name().equals(brick))
                        .findFirst()
                        .orElseThrow()
                        .uuid();
    }

    @Test
    void shouldHaveAFullCacheAgainBelowRunningClientsWhenTheSsdComesBack() throws Exception {
        startWithoutSsd();
        try (NbdClient client = node.connect("clean")) {
            assertThat(client.read(AT, LENGTH)).isEqualTo(NodeRig.pattern(1, AT, LENGTH));
            bringSsdBack();

            CacheView cache = node.admin().rejoinCache("ssd");

            assertThat(cache.state()).isEqualTo(CacheView.State.SERVING);
            assertThat(client.read(AT, LENGTH)).isEqualTo(NodeRig.pattern(1, AT, LENGTH));
            assertThat(brick("clean").counters().cacheUse().readMissBlocks()).isZero();
            assertThat(brick("clean").cachedBytes()).isEqualTo(LENGTH);
            client.write(AT, NodeRig.pattern(3, AT, LENGTH));
            client.flush();
            assertThat(brick("clean").dirtyBytes()).isEqualTo(LENGTH);
        }
        assertThat(node.read("dirty", AT, LENGTH)).isEqualTo(NodeRig.pattern(2, AT, LENGTH));
    }

    @Test
    void shouldComeBackByItselfWhenTheSsdIsThereAgain() throws Exception {
        startWithoutSsd();
        bringSsdBack();

        // Each look is a call over all its locks; the rejoiner looks every few seconds.
        while (node.admin().cache("ssd").state() != CacheView.State.SERVING) {
            node.read("clean", AT, LENGTH);
        }

        assertThat(node.read("dirty", AT, LENGTH)).isEqualTo(NodeRig.pattern(2, AT, LENGTH));
    }

    @Test
    void shouldForgetWhatItHadWhenTheDiskWasWrittenMeanwhile() throws Exception {
        startWithoutSsd();
        try (NbdClient client = node.connect("clean")) {
            client.write(AT, NodeRig.pattern(5, AT, 4096));
            bringSsdBack();
            node.admin().rejoinCache("ssd");

            assertThat(client.read(AT, 4096)).isEqualTo(NodeRig.pattern(5, AT, 4096));
            assertThat(client.read(AT + 4096, 4096)).isEqualTo(NodeRig.pattern(1, AT + 4096, 4096));
        }
        node.restart();
        assertThat(node.read("clean", AT, 4096)).isEqualTo(NodeRig.pattern(5, AT, 4096));
        assertThat(brick("clean").state()).isEqualTo(BrickView.State.SERVING);
    }

    @Test
    void shouldForgetWhatItHadWhenTheSsdIsBackOnlyAfterAnotherRestart() throws Exception {
        startWithoutSsd();
        node.write("clean", 5, AT, 4096);
        node.stop();
        bringSsdBack();
        node.start();

        assertThat(brick("clean").state()).isEqualTo(BrickView.State.SERVING);
        assertThat(brick("clean").cachedBytes()).isZero();
        assertThat(node.read("clean", AT, 4096)).isEqualTo(NodeRig.pattern(5, AT, 4096));
        assertThat(node.read("dirty", AT, LENGTH)).isEqualTo(NodeRig.pattern(2, AT, LENGTH));
    }

    @Test
    void shouldServeTheDiskWhenTheDirtyDataIsGivenUp() throws Exception {
        startWithoutSsd();
        AdminException refusal =
                NodeRig.refused(Reason.BRICK_DIRTY, () -> node.admin().keepDisk("dirty", GivenUp.NOTHING));
        assertThat(refusal.metadata()).containsEntry("dirty_bytes", Integer.toString(LENGTH));

        BrickView given = node.admin().keepDisk("dirty", GivenUp.DIRTY_DATA);

        assertThat(given.state()).isEqualTo(BrickView.State.PASS_THROUGH);
        assertThat(given.dirtyBytes()).isZero();
        assertThat(node.read("dirty", AT, LENGTH)).isEqualTo(new byte[LENGTH]);
        bringSsdBack();
        node.admin().rejoinCache("ssd");
        // Given up is given up, also when the SSD is back.
        assertThat(node.read("dirty", AT, LENGTH)).isEqualTo(new byte[LENGTH]);
        assertThat(brick("dirty").state()).isEqualTo(BrickView.State.SERVING);
        assertThat(brick("dirty").dirtyBytes()).isZero();
    }

    @Test
    void shouldLetBricksGoWhenTheCacheIsGivenUp() throws Exception {
        startWithoutSsd();
        NodeRig.refused(Reason.CACHE_HAS_BRICKS, () -> node.delete("ssd"));
        NodeRig.refused(
                Reason.BRICK_DIRTY,
                () -> node.admin().deleteCache("ssd", BricksOfCache.DETACH_IF_AWAY, GivenUp.NOTHING));
        try (NbdClient client = node.connect("clean")) {
            client.read(0, 512);
            NodeRig.refused(
                    Reason.BRICK_IN_USE,
                    () -> node.admin().deleteCache("ssd", BricksOfCache.DETACH_IF_AWAY, GivenUp.DIRTY_DATA));
        }

        node.admin().deleteCache("ssd", BricksOfCache.DETACH_IF_AWAY, GivenUp.DIRTY_DATA);

        assertThat(node.admin().caches()).isEmpty();
        assertThat(node.admin().bricks()).isEmpty();
        node.createCache("other");
        assertThat(node.attach("clean", "other").state()).isEqualTo(BrickView.State.SERVING);
        assertThat(node.read("clean", AT, LENGTH)).isEqualTo(NodeRig.pattern(1, AT, LENGTH));
    }

    @Test
    void shouldNotBringABrickBackWhenItWasDetachedWhileTheCacheWasAway() throws Exception {
        startWithoutSsd();
        node.admin().detachBrick("clean", DirtyData.REFUSE, LostData.REFUSE, ProgressListener.NONE);
        node.restart();
        bringSsdBack();

        node.admin().rejoinCache("ssd");

        assertThat(node.admin().bricks()).extracting(BrickView::name).containsExactly("dirty");
        assertThat(node.attach("clean", "ssd").state()).isEqualTo(BrickView.State.SERVING);
    }

    @Test
    void shouldLetADirtyBrickGoWhenItsDataIsGivenUpByTheDetach() throws Exception {
        startWithoutSsd();
        node.createCache("other");

        node.admin().detachBrick("dirty", DirtyData.GIVE_UP, LostData.REFUSE, ProgressListener.NONE);

        assertThat(node.attach("dirty", "other").state()).isEqualTo(BrickView.State.SERVING);
        assertThat(node.read("dirty", AT, LENGTH)).isEqualTo(new byte[LENGTH]);
        bringSsdBack();
        node.admin().rejoinCache("ssd");
        // It belongs to the other cache now, and what this one has of it is void.
        assertThat(node.read("dirty", AT, LENGTH)).isEqualTo(new byte[LENGTH]);
        assertThat(node.admin().cache("ssd").slots().dirty()).isZero();
    }

    @Test
    void shouldOpenTheCacheAgainBelowRunningClientsWhenItsSsdWasPulledAndPluggedIn() throws Exception {
        try (NbdClient client = node.connect("dirty")) {
            client.flush();
            // The same content in another file, as a device that got another number; the one that is open is gone.
            Files.copy(node.path("ssd/data"), node.path("ssd/again"));
            try (RandomAccessFile open =
                    new RandomAccessFile(node.path("ssd/data").toFile(), "rw")) {
                open.setLength(0);
            }
            Files.move(node.path("ssd/again"), node.path("ssd/data"), StandardCopyOption.REPLACE_EXISTING);

            byte[] read = null;
            while (read == null) {
                read = tryRead(client);
            }

            assertThat(read).isEqualTo(NodeRig.pattern(2, AT, LENGTH));
            client.write(AT, NodeRig.pattern(4, AT, LENGTH));
            client.flush();
        }
        assertThat(brick("dirty").state()).isEqualTo(BrickView.State.SERVING);
        node.restart();
        assertThat(node.read("dirty", AT, LENGTH)).isEqualTo(NodeRig.pattern(4, AT, LENGTH));
        assertThat(node.read("clean", AT, LENGTH)).isEqualTo(NodeRig.pattern(1, AT, LENGTH));
    }

    /** Dirty blocks whose SSD is gone are errors, and nothing else is. */
    private static byte @Nullable [] tryRead(NbdClient client) throws IOException {
        try {
            return client.read(AT, LENGTH);
        } catch (IOException e) {
            assertThat(e).hasMessage("error 5");
            return null;
        }
    }

    @Test
    void shouldServeABrickWhenItsDiskComesBack() throws Exception {
        node.stop();
        Files.move(node.path("dirty.img"), node.path("hidden.img"));
        node.start();
        assertThat(brick("dirty").state()).isEqualTo(BrickView.State.UNAVAILABLE);
        Files.move(node.path("hidden.img"), node.path("dirty.img"));

        while (brick("dirty").state() != BrickView.State.SERVING) {
            node.read("clean", AT, LENGTH);
        }

        assertThat(node.read("dirty", AT, LENGTH)).isEqualTo(NodeRig.pattern(2, AT, LENGTH));
    }

    @Test
    void shouldSaySoWhenARejoinIsAskedForThatCannotBe() throws Exception {
        NodeRig.refused(Reason.NOTHING_TO_DECIDE, () -> node.admin().rejoinCache("ssd"));
        startWithoutSsd();

        AdminException refusal =
                NodeRig.refused(Reason.CACHE_UNAVAILABLE, () -> node.admin().rejoinCache("ssd"));

        assertThat(refusal).hasMessageContaining(node.path("ssd").toString());
        assertThat(node.read("clean", AT, LENGTH)).isEqualTo(NodeRig.pattern(1, AT, LENGTH));
    }
}
