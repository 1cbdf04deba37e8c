package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.NodeAdministration.BrickSpec;
import io.brickcache.admin.NodeAdministration.DirtyData;
import io.brickcache.admin.NodeAdministration.LostData;
import io.brickcache.admin.NodeView;
import io.brickcache.admin.ProgressListener;
import io.brickcache.admin.Reason;
import io.brickcache.block.IoOptions;
import io.netty.channel.uring.IoUring;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** A node as its clients and its operator see it, over starts and stops, with every engine that this machine has. */
@ParameterizedClass
@MethodSource("engines")
@Timeout(120)
class NodeTest {

    private static final int LENGTH = 1 << 20;

    private final IoOptions.Engine engine;

    @TempDir
    private Path directory;

    private NodeRig node;

    NodeTest(IoOptions.Engine engine) {
        this.engine = engine;
    }

    static Stream<IoOptions.Engine> engines() {
        return IoUring.isAvailable()
                ? Stream.of(IoOptions.Engine.IO_URING, IoOptions.Engine.POOLED)
                : Stream.of(IoOptions.Engine.POOLED);
    }

    @BeforeEach
    void start() throws Exception {
        node = new NodeRig(directory, engine).start();
    }

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void shouldServeABrickWhenItIsAttached() throws Exception {
        CacheView cache = node.createCache("ssd");
        BrickView brick = node.attach("b", "ssd");

        assertThat(cache.state()).isEqualTo(CacheView.State.SERVING);
        assertThat(cache.slots().free()).isEqualTo(cache.slots().total()).isEqualTo(15 * 256);
        assertThat(brick.state()).isEqualTo(BrickView.State.SERVING);
        assertThat(brick.exportUris())
                .hasSize(2)
                .contains("nbd+unix:///b?socket=" + node.nbdSocket())
                .anyMatch(uri -> uri.matches("nbd://127\\.0\\.0\\.1:[1-9]\\d+/b"));
        write("b", 1, 4096);
        assertThat(read("b", 4096)).isEqualTo(NodeRig.pattern(1, 4096, LENGTH));
        BrickView after = node.admin().brick("b");
        assertThat(after.dirtyBytes()).isEqualTo(LENGTH);
        assertThat(after.oldestDirtyAge()).isNotNull();
        assertThat(after.counters().requests().writtenBytes()).isEqualTo(LENGTH);
        assertThat(node.admin().cache("ssd").slots().dirty()).isEqualTo(256);
        assertThat(node.admin().cache("ssd").bricks()).containsExactly("b");
        assertThat(node.admin().node().state()).isEqualTo(NodeView.State.SERVING);
    }

    @Test
    void shouldBringEverythingBackWhenStartedAgain() throws Exception {
        node.createCache("ssd");
        node.createCache("other");
        node.attach("a", "ssd");
        node.attach("b", "ssd");
        node.attach("c", "other");
        write("a", 1, 0);
        write("b", 2, 512);
        write("c", 3, 20 * NodeRig.MIB);

        node.restart();

        assertThat(node.admin().bricks()).hasSize(3).allMatch(brick -> brick.state() == BrickView.State.SERVING);
        assertThat(read("a", 0)).isEqualTo(NodeRig.pattern(1, 0, LENGTH));
        assertThat(read("b", 512)).isEqualTo(NodeRig.pattern(2, 512, LENGTH));
        assertThat(read("c", 20 * NodeRig.MIB)).isEqualTo(NodeRig.pattern(3, 20 * NodeRig.MIB, LENGTH));
    }

    @Test
    void shouldCloseConnectionsWhenStopped() throws Exception {
        node.createCache("ssd");
        node.attach("b", "ssd");
        try (NbdClient client = node.connect("b")) {
            client.write(8192, NodeRig.pattern(5, 8192, LENGTH));
            node.stop();

            assertThatThrownBy(() -> client.read(0, 512)).isInstanceOf(IOException.class);
        }
        assertThat(node.nbdSocket()).doesNotExist();
        assertThat(node.path("admin.sock")).doesNotExist();
        node.start();
        assertThat(read("b", 8192)).isEqualTo(NodeRig.pattern(5, 8192, LENGTH));
    }

    @Test
    void shouldRefuseToStartWhenAnotherServiceHasTheStateDirectory() {
        assertThatThrownBy(() -> node.newNode().start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining(node.path("state").toString())
                .hasMessageContaining("in use by another brickcached");
        assertThat(node.admin().node().state()).isEqualTo(NodeView.State.SERVING);
    }

    @Test
    void shouldListACacheAsUnavailableWhenItsDirectoryIsMissing() throws Exception {
        node.createCache("ssd");
        node.createCache("other");
        node.attach("a", "ssd");
        node.attach("b", "other");
        write("a", 1, 0);
        node.stop();
        Files.move(node.path("ssd"), node.path("hidden"));
        node.start();

        assertThat(node.admin().cache("other").state()).isEqualTo(CacheView.State.SERVING);
        assertThat(read("b", 0)).isEqualTo(new byte[LENGTH]);
        CacheView gone = node.admin().cache("ssd");
        assertThat(gone.state()).isEqualTo(CacheView.State.UNAVAILABLE);
        assertThat(gone.stateReason()).contains(node.path("ssd").toString());
        assertThat(gone.bricks()).containsExactly("a");
        BrickView brick = node.admin().brick("a");
        assertThat(brick.state()).isEqualTo(BrickView.State.UNAVAILABLE);
        assertThat(brick.exportUris()).isEmpty();
        assertThatThrownBy(() -> node.connect("a")).isInstanceOf(IOException.class);
        NodeRig.refused(Reason.CACHE_HAS_BRICKS, () -> node.delete("ssd"));
        // Its dirty data is on the SSD that is gone, so its disk must not be served by another cache.
        NodeRig.refused(
                Reason.DEVICE_IN_USE,
                () -> node.admin().attachBrick(new BrickSpec("again", "other", node.path("a.img"))));

        node.stop();
        Files.move(node.path("hidden"), node.path("ssd"));
        node.start();
        assertThat(read("a", 0)).isEqualTo(NodeRig.pattern(1, 0, LENGTH));
    }

    private void stopWithTwoDirtyBricks() throws Exception {
        node.createCache("ssd");
        node.attach("a", "ssd");
        node.attach("b", "ssd");
        write("a", 1, 4096);
        write("b", 2, 4096);
        node.stop();
    }

    @Test
    void shouldServeTheOtherBricksWhenADiskIsMissing() throws Exception {
        stopWithTwoDirtyBricks();
        Files.move(node.path("a.img"), node.path("hidden"));
        node.start();

        BrickView missing = node.admin().brick("a");
        assertThat(missing.state()).isEqualTo(BrickView.State.UNAVAILABLE);
        assertThat(missing.stateReason()).contains(node.path("a.img").toString(), "does not exist");
        assertThat(missing.dirtyBytes()).isEqualTo(LENGTH);
        assertThat(read("b", 4096)).isEqualTo(NodeRig.pattern(2, 4096, LENGTH));
        AdminException dirty = NodeRig.refused(Reason.BRICK_DIRTY, () -> detach("a", DirtyData.REFUSE));
        assertThat(dirty.remedy()).contains("brick show a", "--give-up-dirty").doesNotContain("--flush");
        NodeRig.refused(Reason.BRICK_UNAVAILABLE, () -> detach("a", DirtyData.FLUSH));
        NodeRig.refused(Reason.BRICK_UNAVAILABLE, () -> node.admin().flushBrick("a", ProgressListener.NONE));
        NodeRig.refused(Reason.NOTHING_TO_DECIDE, () -> detach("b", DirtyData.GIVE_UP));
        assertThat(node.admin().brick("a").state()).isEqualTo(BrickView.State.UNAVAILABLE);

        node.stop();
        Files.move(node.path("hidden"), node.path("a.img"));
        node.start();
        assertThat(read("a", 4096)).isEqualTo(NodeRig.pattern(1, 4096, LENGTH));
    }

    @Test
    void shouldForgetABrickWhoseDiskIsGoneForGoodWhenItsDirtyDataIsGivenUp() throws Exception {
        stopWithTwoDirtyBricks();
        Files.delete(node.path("a.img"));
        node.start();
        assertThat(node.admin().brick("a").stateReason()).contains("brickcache brick detach a --give-up-dirty");
        long dirtySlots = node.admin().cache("ssd").slots().dirty();

        BrickView last = detach("a", DirtyData.GIVE_UP);

        assertThat(last.dirtyBytes()).isEqualTo(LENGTH);
        assertThat(node.admin().bricks()).extracting(BrickView::name).containsExactly("b");
        assertThat(node.admin().cache("ssd").slots().dirty()).isEqualTo(dirtySlots - LENGTH / 4096);
        assertThat(node.attach("a", "ssd").state()).isEqualTo(BrickView.State.SERVING);
        node.restart();
        assertThat(read("a", 4096)).isEqualTo(new byte[LENGTH]);
        assertThat(read("b", 4096)).isEqualTo(NodeRig.pattern(2, 4096, LENGTH));
    }

    @Test
    void shouldNotServeADiskWhenItIsNotTheOneThatWasAttached() throws Exception {
        node.createCache("ssd");
        node.attach("shrunk", "ssd");
        node.attach("swapped", "ssd");
        node.stop();
        try (RandomAccessFile disk =
                new RandomAccessFile(node.path("shrunk.img").toFile(), "rw")) {
            disk.setLength(31 * NodeRig.MIB);
        }
        Files.move(node.path("swapped.img"), node.path("kept.img"));
        node.file("swapped.img", 32 * NodeRig.MIB);
        node.start();

        assertThat(node.admin().brick("shrunk").stateReason()).contains("33554432", "32505856");
        assertThat(node.admin().brick("swapped").stateReason()).contains("another device");
        assertThat(node.admin().bricks()).allMatch(brick -> brick.state() == BrickView.State.FENCED);
        // Nothing of them is dirty: they may go.
        detach("shrunk", DirtyData.REFUSE);
        detach("swapped", DirtyData.FLUSH);
        assertThat(node.admin().bricks()).isEmpty();
    }

    @Test
    void shouldDetachWhenNothingIsDirtyAndNobodyIsConnected() throws Exception {
        node.createCache("ssd");
        node.attach("b", "ssd");
        try (NbdClient client = node.connect("b")) {
            client.write(0, NodeRig.pattern(1, 0, LENGTH));
            AdminException inUse = NodeRig.refused(Reason.BRICK_IN_USE, () -> detach("b", DirtyData.FLUSH));
            assertThat(inUse.metadata()).containsEntry("connections", "1");
            client.flush();
        }
        AdminException dirty = NodeRig.refused(Reason.BRICK_DIRTY, () -> detach("b", DirtyData.REFUSE));
        assertThat(dirty.metadata()).containsEntry("dirty_bytes", Integer.toString(LENGTH));
        assertThat(read("b", 0)).isEqualTo(NodeRig.pattern(1, 0, LENGTH));

        BrickView last = detach("b", DirtyData.FLUSH);

        assertThat(last.name()).isEqualTo("b");
        assertThat(node.admin().bricks()).isEmpty();
        assertThat(Arrays.copyOf(Files.readAllBytes(node.path("b.img")), LENGTH))
                .isEqualTo(NodeRig.pattern(1, 0, LENGTH));
        assertThatThrownBy(() -> node.connect("b")).isInstanceOf(IOException.class);
        NodeRig.refused(Reason.BRICK_NOT_FOUND, () -> detach("b", DirtyData.FLUSH));
        node.restart();
        assertThat(node.admin().bricks()).isEmpty();
        assertThat(node.attach("b", "ssd").state()).isEqualTo(BrickView.State.SERVING);
    }

    @Test
    void shouldWriteEverythingToTheDiskWhenFlushed() throws Exception {
        node.createCache("ssd");
        node.attach("b", "ssd");
        write("b", 7, 3 * NodeRig.MIB + 512);
        Recorder recorder = new Recorder();

        BrickView flushed = node.admin().flushBrick("b", recorder);

        assertThat(flushed.dirtyBytes()).isZero();
        assertThat(recorder.last().done()).isEqualTo(recorder.last().total()).isGreaterThanOrEqualTo(LENGTH);
        byte[] disk = Files.readAllBytes(node.path("b.img"));
        int from = 3 * (int) NodeRig.MIB + 512;
        assertThat(Arrays.copyOfRange(disk, from, from + LENGTH))
                .isEqualTo(NodeRig.pattern(7, 3 * NodeRig.MIB + 512, LENGTH));
    }

    @Test
    void shouldRefuseABrickWhenItsNameOrDeviceIsTaken() throws Exception {
        node.createCache("ssd");
        node.createCache("other");
        node.attach("b", "ssd");

        NodeRig.refused(Reason.BRICK_EXISTS, () -> attach("b", "other", node.file("free.img", NodeRig.MIB)));
        NodeRig.refused(Reason.DEVICE_IN_USE, () -> attach("c", "other", node.path("b.img")));
        NodeRig.refused(Reason.DEVICE_IN_USE, () -> attach("c", "ssd", node.path("other/data")));
        NodeRig.refused(Reason.DEVICE_UNSUITABLE, () -> attach("c", "ssd", node.path("missing.img")));
        NodeRig.refused(Reason.DEVICE_UNSUITABLE, () -> attach("c", "ssd", directory));
        NodeRig.refused(Reason.CACHE_NOT_FOUND, () -> attach("c", "nowhere", node.file("free.img", NodeRig.MIB)));
        assertThat(node.admin().bricks()).extracting(BrickView::name).containsExactly("b");
        assertThat(attach("c", "ssd", node.path("free.img")).sizeBytes()).isEqualTo(NodeRig.MIB);
    }

    @Test
    void shouldDeleteItsFilesWhenACacheIsDeleted() throws Exception {
        node.createCache("ssd");
        node.attach("b", "ssd");
        NodeRig.refused(Reason.CACHE_HAS_BRICKS, () -> node.delete("ssd"));
        detach("b", DirtyData.FLUSH);

        CacheView last = node.delete("ssd");

        assertThat(last.name()).isEqualTo("ssd");
        assertThat(node.path("ssd")).isEmptyDirectory();
        NodeRig.refused(Reason.CACHE_NOT_FOUND, () -> node.admin().cache("ssd"));
        assertThat(node.createCache("ssd").state()).isEqualTo(CacheView.State.SERVING);
        node.restart();
        assertThat(node.admin().caches()).hasSize(1);
    }

    private void write(String brick, int seed, long offset) throws IOException {
        node.write(brick, seed, offset, LENGTH);
    }

    private byte[] read(String brick, long offset) throws IOException {
        return node.read(brick, offset, LENGTH);
    }

    private BrickView attach(String name, String cache, Path device) {
        return node.admin().attachBrick(new BrickSpec(name, cache, device));
    }

    private BrickView detach(String brick, DirtyData dirtyData) {
        return node.admin().detachBrick(brick, dirtyData, LostData.REFUSE, ProgressListener.NONE);
    }
}
