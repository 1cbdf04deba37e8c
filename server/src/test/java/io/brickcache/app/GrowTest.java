package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.GrownView;
import io.brickcache.admin.MappingView;
import io.brickcache.admin.ProgressListener;
import io.brickcache.admin.Reason;
import io.brickcache.block.IoOptions;
import io.brickcache.mapping.MappingException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The disk of a brick is made larger or smaller, under the running service and while it is down. */
@ParameterizedClass
@MethodSource("io.brickcache.app.NodeTest#engines")
@Timeout(120)
class GrowTest {

    private static final long BEFORE = 32 * NodeRig.MIB + 512;
    private static final long AFTER = 40 * NodeRig.MIB + 1536;
    /** Across what was the end. */
    private static final long AT = BEFORE - 4096;

    private static final int LENGTH = 64 << 10;

    private final IoOptions.Engine engine;

    @TempDir
    private Path directory;

    private NodeRig node;

    GrowTest(IoOptions.Engine engine) {
        this.engine = engine;
    }

    @BeforeEach
    void start() throws Exception {
        node = new NodeRig(directory, engine).start();
        node.createCache("ssd");
        node.file("b.img", BEFORE);
        node.attach("b", "ssd");
        node.write("b", 1, AT, 4096);
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private void resize(long bytes) throws IOException {
        try (RandomAccessFile disk = new RandomAccessFile(node.path("b.img").toFile(), "rw")) {
            disk.setLength(bytes);
        }
    }

    private BrickView brick() {
        return node.admin().brick("b");
    }

    private void checkContent() throws IOException {
        assertThat(node.read("b", AT, 4096)).isEqualTo(NodeRig.pattern(1, AT, 4096));
        assertThat(node.read("b", BEFORE, LENGTH)).isEqualTo(NodeRig.pattern(2, BEFORE, LENGTH));
        assertThat(node.read("b", AFTER - 512, 512)).isEqualTo(NodeRig.pattern(3, AFTER - 512, 512));
    }

    private void writeBeyond() throws IOException {
        node.write("b", 2, BEFORE, LENGTH);
        node.write("b", 3, AFTER - 512, 512);
    }

    @Test
    void shouldServeWhatWasAddedWhenTheDiskIsLarger() throws Exception {
        try (NbdClient early = node.connect("b")) {
            assertThat(brick().diskBytes()).isEqualTo(BEFORE);
            resize(AFTER);
            assertThat(brick().diskBytes()).isEqualTo(AFTER);
            assertThat(brick().sizeBytes()).isEqualTo(BEFORE);

            GrownView grown = node.admin().growBrick("b");

            assertThat(grown.brick().sizeBytes()).isEqualTo(AFTER);
            assertThat(grown.brick().diskBytes()).isEqualTo(AFTER);
            assertThat(grown.previousBytes()).isEqualTo(BEFORE);
            assertThat(grown.mapping()).isNull();
            assertThat(early.read(AT, 4096)).isEqualTo(NodeRig.pattern(1, AT, 4096));
        }
        writeBeyond();
        checkContent();
        node.restart();
        checkContent();
        node.admin().flushBrick("b", ProgressListener.NONE);
        assertThat(node.readBehind("b", BEFORE, LENGTH)).isEqualTo(NodeRig.pattern(2, BEFORE, LENGTH));
        assertThat(node.readBehind("b", AFTER - 512, 512)).isEqualTo(NodeRig.pattern(3, AFTER - 512, 512));
        assertThat(node.readBehind("b", AT, 4096)).isEqualTo(NodeRig.pattern(1, AT, 4096));
    }

    @Test
    void shouldGrowAgainAndAgain() throws Exception {
        for (long bytes = BEFORE + 512; bytes < BEFORE + 10 * 512; bytes += 512) {
            resize(bytes);
            assertThat(node.admin().growBrick("b").brick().sizeBytes()).isEqualTo(bytes);
            node.write("b", 5, bytes - 512, 512);
            assertThat(node.read("b", bytes - 1024, 512))
                    .isEqualTo(NodeRig.pattern(bytes == BEFORE + 512 ? 1 : 5, bytes - 1024, 512));
        }
    }

    @Test
    void shouldChangeNothingWhenTheDiskHasNoMore() {
        GrownView grown = node.admin().growBrick("b");

        assertThat(grown.previousBytes()).isEqualTo(BEFORE);
        assertThat(grown.brick().sizeBytes()).isEqualTo(BEFORE);
    }

    @Test
    void shouldRefuseWithBothSizesWhenTheDiskIsSmallerOrOdd() throws Exception {
        resize(BEFORE + 100);
        AdminException odd =
                NodeRig.refused(Reason.DEVICE_UNSUITABLE, () -> node.admin().growBrick("b"));
        assertThat(odd.remedy()).contains(Long.toString(BEFORE + 512));
        resize(BEFORE - 4096);
        AdminException smaller =
                NodeRig.refused(Reason.DEVICE_UNSUITABLE, () -> node.admin().growBrick("b"));
        assertThat(smaller.getMessage())
                .contains("has " + (BEFORE - 4096) + " bytes", "has " + BEFORE + ":", "would be lost");
        assertThat(brick().sizeBytes()).isEqualTo(BEFORE);
        resize(BEFORE);
    }

    @Test
    void shouldGiveTheKernelTheNewSizeWhenTheBrickIsMapped() throws Exception {
        node.admin().mapBrick("b");
        node.kernel().mount(0, "/bricks/b");
        resize(AFTER);

        MappingView mapping = Objects.requireNonNull(node.admin().growBrick("b").mapping());

        assertThat(mapping.sizeBytes()).isEqualTo(AFTER);
        assertThat(mapping.users()).containsExactly("mounted at /bricks/b");
        assertThat(Objects.requireNonNull(node.kernel().device(0)).sizeBytes()).isEqualTo(AFTER);
        writeBeyond();
        assertThat(node.kernel().read(0, BEFORE, LENGTH)).isEqualTo(NodeRig.pattern(2, BEFORE, LENGTH));
    }

    @Test
    void shouldSayWhyWhenTheKernelDoesNotTakeTheSizeAndGiveItLater() throws Exception {
        node.admin().mapBrick("b");
        node.kernel().refuse(new MappingException(MappingException.Reason.FAILED, "not now", "wait"));
        resize(AFTER);

        GrownView grown = node.admin().growBrick("b");

        MappingView mapping = Objects.requireNonNull(grown.mapping());
        assertThat(grown.brick().sizeBytes()).isEqualTo(AFTER);
        assertThat(mapping.sizeBytes()).isEqualTo(BEFORE);
        assertThat(mapping.stateReason()).isEqualTo("not now");
        node.kernel().refuse(null);
        node.kernel().awaitReconfigurations(1);
        assertThat(Objects.requireNonNull(node.kernel().device(0)).sizeBytes()).isEqualTo(AFTER);
    }

    @Test
    void shouldGiveTheKernelConnectionsAndThenTheSizeWhenTheServiceWasAwayMeanwhile() throws Exception {
        node.admin().mapBrick("b");
        resize(AFTER);
        node.stop();
        plan(AFTER);
        node.kernel().cut(0);
        node.start();
        node.kernel().awaitReconfigurations(2);

        assertThat(Objects.requireNonNull(node.kernel().device(0)).sizeBytes()).isEqualTo(AFTER);
        writeBeyond();
        assertThat(node.kernel().read(0, BEFORE, LENGTH)).isEqualTo(NodeRig.pattern(2, BEFORE, LENGTH));
    }

    @Test
    void shouldServeAsItWasAndGrowLaterWhenTheDiskIsFoundLargerAtAStart() throws Exception {
        node.stop();
        resize(AFTER);
        node.start();

        assertThat(brick().state()).isEqualTo(BrickView.State.SERVING);
        assertThat(brick().sizeBytes()).isEqualTo(BEFORE);
        assertThat(brick().diskBytes()).isEqualTo(AFTER);
        assertThat(node.read("b", AT, 4096)).isEqualTo(NodeRig.pattern(1, AT, 4096));
        assertThat(node.admin().growBrick("b").brick().sizeBytes()).isEqualTo(AFTER);
        writeBeyond();
        checkContent();
        node.restart();
        checkContent();
    }

    @Test
    void shouldCompleteTheGrowthWhenItWasCutShortBeforeTheCacheKnew() throws Exception {
        resize(AFTER);
        node.stop();
        plan(AFTER);
        node.start();

        assertThat(brick().sizeBytes()).isEqualTo(AFTER);
        writeBeyond();
        node.restart();
        checkContent();
    }

    @Test
    void shouldCompleteTheGrowthWhenItWasCutShortAndTheDiskComesBackLater() throws Exception {
        resize(AFTER);
        node.stop();
        plan(AFTER);
        Files.move(node.path("b.img"), node.path("away.img"));
        node.start();
        assertThat(brick().state()).isEqualTo(BrickView.State.UNAVAILABLE);
        assertThat(brick().diskBytes()).as("of a disk that is away").isZero();
        Files.move(node.path("away.img"), node.path("b.img"));
        while (brick().state() == BrickView.State.UNAVAILABLE) {
            Thread.onSpinWait();
        }

        assertThat(brick().state()).isEqualTo(BrickView.State.SERVING);
        assertThat(node.admin().growBrick("b").previousBytes()).isEqualTo(AFTER);
        writeBeyond();
        checkContent();
    }

    /** Leaves the state directory as a crash does right after a growth has begun. */
    private void plan(long bytes) throws IOException {
        Path file = node.path("state").resolve("caches.yaml");
        String planned = Files.readString(file).replace("size_bytes: " + BEFORE, "size_bytes: " + bytes);
        assertThat(planned).contains("size_bytes: " + bytes);
        Files.writeString(file, planned);
    }

    @Test
    void shouldHaveItsSizeWhenTheStateDirectoryIsBehind() throws Exception {
        Path state = node.path("state").resolve("caches.yaml");
        byte[] before = Files.readAllBytes(state);
        resize(AFTER);
        node.admin().growBrick("b");
        writeBeyond();
        node.stop();
        Files.write(state, before);
        node.start();

        assertThat(brick().sizeBytes()).isEqualTo(AFTER);
        checkContent();
    }

    @Test
    void shouldHaveItsSizeWhenItIsServedWithoutItsCache() throws Exception {
        resize(AFTER);
        node.admin().growBrick("b");
        writeBeyond();
        node.admin().flushBrick("b", ProgressListener.NONE);
        node.stop();
        Files.move(node.path("ssd"), node.path("hidden"));
        resize(AFTER + NodeRig.MIB);
        node.start();

        assertThat(brick().state()).isEqualTo(BrickView.State.PASS_THROUGH);
        assertThat(brick().sizeBytes()).isEqualTo(AFTER);
        checkContent();
        NodeRig.refused(Reason.CACHE_UNAVAILABLE, () -> node.admin().growBrick("b"));
        Files.move(node.path("hidden"), node.path("ssd"));
        node.admin().rejoinCache("ssd");
        assertThat(brick().sizeBytes()).isEqualTo(AFTER);
        assertThat(node.admin().growBrick("b").brick().sizeBytes()).isEqualTo(AFTER + NodeRig.MIB);
        checkContent();
    }

    @Test
    void shouldFenceWhenTheDiskIsFoundSmallerAtAStart() throws Exception {
        node.stop();
        resize(BEFORE - NodeRig.MIB);
        node.start();

        assertThat(brick().state()).isEqualTo(BrickView.State.FENCED);
        assertThat(brick().stateReason())
                .contains("has " + (BEFORE - NodeRig.MIB) + " bytes, the brick has " + BEFORE, "made smaller");
        NodeRig.refused(Reason.BRICK_UNAVAILABLE, () -> node.admin().growBrick("b"));
        node.stop();
        resize(BEFORE);
        node.start();
        assertThat(node.read("b", AT, 4096)).isEqualTo(NodeRig.pattern(1, AT, 4096));
    }
}
