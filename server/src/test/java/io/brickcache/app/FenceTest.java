package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.NodeAdministration.GivenUp;
import io.brickcache.admin.ProgressListener;
import io.brickcache.admin.Reason;
import io.brickcache.block.IoOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Somebody writes to a disk, or exchanges it, while the service is down. */
@ParameterizedClass
@MethodSource("engines")
@Timeout(120)
class FenceTest {

    private static final int LENGTH = 256 << 10;
    /** Clean blocks lie here, dirty ones there; neither in the first nor in the last MiB. */
    private static final long CLEAN_AT = 3 * NodeRig.MIB;

    private static final long DIRTY_AT = 9 * NodeRig.MIB;

    private final IoOptions.Engine engine;

    @TempDir
    private Path directory;

    private NodeRig node;

    FenceTest(IoOptions.Engine engine) {
        this.engine = engine;
    }

    static Stream<IoOptions.Engine> engines() {
        return NodeTest.engines();
    }

    @BeforeEach
    void startWithCleanAndDirtyBlocks() throws Exception {
        node = new NodeRig(directory, engine).start();
        node.createCache("ssd");
        node.attach("b", "ssd");
        node.attach("neighbour", "ssd");
        node.write("b", 1, CLEAN_AT, LENGTH);
        node.admin().flushBrick("b", ProgressListener.NONE);
        node.write("b", 2, DIRTY_AT, LENGTH);
        node.write("neighbour", 3, CLEAN_AT, LENGTH);
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private void startFenced() throws Exception {
        node.stop();
        node.writeBehind("b", 9, CLEAN_AT + 4096, 4096);
        node.start();
        assertThat(node.admin().brick("b").state()).isEqualTo(BrickView.State.FENCED);
    }

    @Test
    void shouldServeWhenNobodyTouchedTheDisk() throws Exception {
        node.restart();

        assertThat(node.admin().bricks()).allMatch(brick -> brick.state() == BrickView.State.SERVING);
        assertThat(node.read("b", DIRTY_AT, LENGTH)).isEqualTo(NodeRig.pattern(2, DIRTY_AT, LENGTH));
    }

    @Test
    void shouldTouchNothingWhenACleanBlockDiffers() throws Exception {
        startFenced();

        BrickView fenced = node.admin().brick("b");
        assertThat(fenced.exportUris()).isEmpty();
        assertThat(fenced.dirtyBytes()).isEqualTo(LENGTH);
        assertThat(fenced.stateReason())
                .contains("1 of 64 blocks", "at byte " + (CLEAN_AT + 4096))
                .contains("--keep-disk --give-up-dirty", LENGTH + " bytes", "--keep-cache");
        assertThatThrownBy(() -> node.connect("b")).isInstanceOf(IOException.class);
        NodeRig.refused(Reason.BRICK_UNAVAILABLE, () -> node.admin().flushBrick("b", ProgressListener.NONE));
        assertThat(node.readBehind("b", DIRTY_AT, LENGTH)).isEqualTo(new byte[LENGTH]);
        assertThat(node.read("neighbour", CLEAN_AT, LENGTH)).isEqualTo(NodeRig.pattern(3, CLEAN_AT, LENGTH));
        // It stays so over restarts.
        node.restart();
        assertThat(node.admin().brick("b").state()).isEqualTo(BrickView.State.FENCED);
    }

    @Test
    void shouldServeAgainWhenTheDiskIsPutRight() throws Exception {
        startFenced();
        node.stop();
        node.writeBehind("b", 1, CLEAN_AT + 4096, 4096);
        node.start();

        assertThat(node.read("b", CLEAN_AT, LENGTH)).isEqualTo(NodeRig.pattern(1, CLEAN_AT, LENGTH));
        assertThat(node.read("b", DIRTY_AT, LENGTH)).isEqualTo(NodeRig.pattern(2, DIRTY_AT, LENGTH));
    }

    @Test
    void shouldForgetTheCacheWhenTheDiskIsKept() throws Exception {
        startFenced();
        AdminException refusal =
                NodeRig.refused(Reason.BRICK_DIRTY, () -> node.admin().keepDisk("b", GivenUp.NOTHING));
        assertThat(refusal.metadata()).containsEntry("dirty_bytes", Integer.toString(LENGTH));

        BrickView kept = node.admin().keepDisk("b", GivenUp.DIRTY_DATA);

        assertThat(kept.state()).isEqualTo(BrickView.State.SERVING);
        assertThat(kept.dirtyBytes()).isZero();
        assertThat(kept.cachedBytes()).isZero();
        checkDiskKept();
        node.restart();
        checkDiskKept();
        NodeRig.refused(Reason.NOTHING_TO_DECIDE, () -> node.admin().keepDisk("b", GivenUp.NOTHING));
    }

    private void checkDiskKept() throws IOException {
        assertThat(node.read("b", CLEAN_AT, 4096)).isEqualTo(NodeRig.pattern(1, CLEAN_AT, 4096));
        assertThat(node.read("b", CLEAN_AT + 4096, 4096)).isEqualTo(NodeRig.pattern(9, CLEAN_AT + 4096, 4096));
        assertThat(node.read("b", DIRTY_AT, LENGTH)).isEqualTo(new byte[LENGTH]);
    }

    @Test
    void shouldReplayDirtyBlocksAndForgetCleanOnesWhenTheCacheIsKept() throws Exception {
        startFenced();

        BrickView kept = node.admin().keepCache("b");

        assertThat(kept.state()).isEqualTo(BrickView.State.SERVING);
        assertThat(kept.cachedBytes()).as("only what is dirty is left").isEqualTo(LENGTH);
        assertThat(node.read("b", CLEAN_AT + 4096, 4096)).isEqualTo(NodeRig.pattern(9, CLEAN_AT + 4096, 4096));
        assertThat(node.read("b", DIRTY_AT, LENGTH)).isEqualTo(NodeRig.pattern(2, DIRTY_AT, LENGTH));
        node.admin().flushBrick("b", ProgressListener.NONE);
        assertThat(node.readBehind("b", DIRTY_AT, LENGTH)).isEqualTo(NodeRig.pattern(2, DIRTY_AT, LENGTH));
        node.restart();
        assertThat(node.admin().brick("b").state()).isEqualTo(BrickView.State.SERVING);
    }

    @Test
    void shouldNoticeAWriteToTheFirstMibWhenNothingOfItIsCached() throws Exception {
        node.stop();
        node.writeBehind("b", 9, 1024, 512);
        node.start();

        assertThat(node.admin().brick("b").state()).isEqualTo(BrickView.State.FENCED);
        assertThat(node.admin().brick("b").stateReason()).contains("first or last MiB");
    }

    @Test
    void shouldNoticeAWriteToTheLastMib() throws Exception {
        node.stop();
        node.writeBehind("b", 9, 32 * NodeRig.MIB - 512, 512);
        node.start();

        assertThat(node.admin().brick("b").state()).isEqualTo(BrickView.State.FENCED);
    }

    @Test
    void shouldTakeTheNewDeviceWhenTheDiskIsKeptThatIsAnotherOne() throws Exception {
        node.stop();
        try (RandomAccessFile disk = new RandomAccessFile(node.path("b.img").toFile(), "rw")) {
            disk.setLength(31 * NodeRig.MIB);
        }
        node.start();
        assertThat(node.admin().brick("b").state()).isEqualTo(BrickView.State.FENCED);
        NodeRig.refused(Reason.DEVICE_UNSUITABLE, () -> node.admin().keepCache("b"));

        BrickView kept = node.admin().keepDisk("b", GivenUp.DIRTY_DATA);

        assertThat(kept.sizeBytes()).isEqualTo(31 * NodeRig.MIB);
        node.write("b", 4, 30 * NodeRig.MIB, LENGTH);
        node.restart();
        assertThat(node.read("b", 30 * NodeRig.MIB, LENGTH)).isEqualTo(NodeRig.pattern(4, 30 * NodeRig.MIB, LENGTH));
    }
}
