package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.MappingView;
import io.brickcache.admin.NodeAdministration.DirtyData;
import io.brickcache.admin.NodeAdministration.LostData;
import io.brickcache.admin.NodeAdministration.UsedDevices;
import io.brickcache.admin.ProgressListener;
import io.brickcache.admin.Reason;
import io.brickcache.block.IoOptions;
import io.brickcache.mapping.DeviceSpec;
import io.brickcache.mapping.MappingException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Mapped bricks as the kernel and the operator see them, over starts and stops, with every engine that this machine has. */
@ParameterizedClass
@MethodSource("io.brickcache.app.NodeTest#engines")
@Timeout(120)
class MappingsTest {

    private static final int LENGTH = 64 << 10;

    private final IoOptions.Engine engine;

    @TempDir
    private Path directory;

    private NodeRig node;

    MappingsTest(IoOptions.Engine engine) {
        this.engine = engine;
    }

    @BeforeEach
    void start() throws Exception {
        node = new NodeRig(directory, engine).start();
        node.createCache("ssd");
        node.attach("b", "ssd");
        node.write("b", 1, 4096, LENGTH);
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private Reason reason(Runnable refused) {
        AdminException[] thrown = new AdminException[1];
        assertThatThrownBy(refused::run)
                .isInstanceOfSatisfying(AdminException.class, exception -> thrown[0] = exception);
        return thrown[0].reason();
    }

    @Test
    void shouldServeTheKernelWithoutHandshakeWhenABrickIsMapped() {
        MappingView view = node.admin().mapBrick("b");

        assertThat(view.devicePath()).isEqualTo(Path.of("/dev/nbd0"));
        assertThat(view.linkPath()).isEqualTo(Path.of("/dev/brickcache/b"));
        assertThat(view.state()).isEqualTo(MappingView.State.CONNECTED);
        assertThat(view.openConnections()).isEqualTo(4);
        DeviceSpec device = Objects.requireNonNull(node.kernel().device(0));
        assertThat(device.backend()).isEqualTo("brickcache/b");
        assertThat(device.sizeBytes()).isEqualTo(32 * NodeRig.MIB);
        assertThat(device.blockBytes()).isEqualTo(512);
        assertThat(device.serverFlags() & 0x10D).isEqualTo(0x10D); // flags, FLUSH, FUA, several connections
        assertThat(node.kernel().read(0, 4096, LENGTH)).isEqualTo(NodeRig.pattern(1, 4096, LENGTH));
        assertThat(node.admin().brick("b").connections()).isEqualTo(4);
    }

    @Test
    void shouldAnswerWithTheSameDeviceWhenABrickIsMappedAgain() {
        MappingView first = node.admin().mapBrick("b");
        assertThat(node.admin().mapBrick("b").devicePath()).isEqualTo(first.devicePath());
        assertThat(node.admin().mappings()).hasSize(1);
        assertThat(reason(() -> node.admin().mapBrick("c"))).isEqualTo(Reason.BRICK_NOT_FOUND);
    }

    @Test
    void shouldRefuseToUnmapDetachAndStopWhileTheDeviceIsMounted() {
        node.admin().mapBrick("b");
        node.kernel().mount(0, "/bricks/b");

        assertThatThrownBy(() -> node.admin().unmapBrick("/dev/nbd0"))
                .isInstanceOf(AdminException.class)
                .hasMessageContaining("mounted at /bricks/b");
        assertThat(reason(() -> node.admin().stop(UsedDevices.REFUSE))).isEqualTo(Reason.DEVICE_IN_USE);
        assertThat(reason(() -> node.admin().detachBrick("b", DirtyData.FLUSH, LostData.REFUSE, ProgressListener.NONE)))
                .isEqualTo(Reason.BRICK_MAPPED);
        assertThat(node.stopsAsked()).isZero();
        node.admin().stop(UsedDevices.LEAVE_WAITING);
        assertThat(node.stopsAsked()).isEqualTo(1);

        node.kernel().unmount();
        assertThat(node.admin().unmapBrick("/dev/brickcache/b").brick()).isEqualTo("b");
        assertThat(node.kernel().device(0)).isNull();
        assertThat(node.admin().mappings()).isEmpty();
        assertThat(reason(() -> node.admin().unmapBrick("b"))).isEqualTo(Reason.MAPPING_NOT_FOUND);
        node.admin().detachBrick("b", DirtyData.FLUSH, LostData.REFUSE, ProgressListener.NONE);
    }

    @Test
    void shouldGiveTheKernelNewConnectionsWhenTheServiceStartsAgain() throws Exception {
        node.admin().mapBrick("b");
        node.kernel().mount(0, "/bricks/b");
        node.restart();
        node.kernel().awaitReconfigurations(1);

        assertThat(node.kernel().read(0, 4096, LENGTH)).isEqualTo(NodeRig.pattern(1, 4096, LENGTH));
        assertThat(node.admin().mappings())
                .singleElement()
                .returns(MappingView.State.CONNECTED, MappingView::state)
                .returns("", MappingView::stateReason);
    }

    @Test
    void shouldReplaceConnectionsWhenTheKernelHasCutThem() throws Exception {
        node.admin().mapBrick("b");
        node.kernel().cut(0);
        node.kernel().awaitReconfigurations(1);

        assertThat(node.kernel().read(0, 4096, LENGTH)).isEqualTo(NodeRig.pattern(1, 4096, LENGTH));
    }

    @Test
    void shouldFindItsDevicesByTheirBackendWhenTheRecordIsGone() throws Exception {
        node.admin().mapBrick("b");
        node.stop();
        Files.delete(node.path("state").resolve("mappings"));
        node.start();
        node.kernel().awaitReconfigurations(1);

        assertThat(node.admin().mappings()).hasSize(1);
    }

    @Test
    void shouldForgetWhatWasMappedWhenTheMachineWasBooted() throws Exception {
        node.admin().mapBrick("b");
        node.stop();
        node.kernel().reboot();
        node.start();

        assertThat(node.admin().mappings()).isEmpty();
        assertThat(node.admin().mapBrick("b").devicePath()).isEqualTo(Path.of("/dev/nbd0"));
    }

    @Test
    void shouldMakeAnUnusedDeviceAnewAndSuspectAUsedOneWhenItWasAwayTooLong() throws Exception {
        node.attach("c", "ssd");
        node.admin().mapBrick("b");
        node.admin().mapBrick("c");
        node.kernel().mount(0, "/bricks/b");
        node.stop();
        Files.setLastModifiedTime(
                node.path("state").resolve("mappings"),
                FileTime.from(Instant.now().minus(Duration.ofHours(1))));
        node.start();
        node.kernel().awaitReconfigurations(1);

        assertThat(node.admin().mapBrick("b").state()).isEqualTo(MappingView.State.SUSPECT);
        assertThat(node.admin().mapBrick("b").stateReason()).contains("unmount it, unmap, map");
        assertThat(node.admin().mapBrick("c").state()).isEqualTo(MappingView.State.CONNECTED);
        assertThat(node.kernel().reconfigurations()).isEqualTo(1);
    }

    @Test
    void shouldSayWhatToDoWhenTheKernelHasNoDriver() {
        node.kernel()
                .refuse(new MappingException(MappingException.Reason.NO_DRIVER, "no driver", "load it: modprobe nbd"));
        assertThatThrownBy(() -> node.admin().mapBrick("b")).isInstanceOfSatisfying(AdminException.class, refused -> {
            assertThat(refused.reason()).isEqualTo(Reason.NO_KERNEL_DRIVER);
            assertThat(refused.remedy()).isEqualTo("load it: modprobe nbd");
        });
        assertThat(node.admin().mappings()).isEmpty();
        node.kernel().refuse(null);
        assertThat(node.admin().mapBrick("b").openConnections()).isEqualTo(4);
    }

    @Test
    void shouldLeaveNoWriteLogBehindWhenNothingIsMapped() throws IOException {
        node.admin().mapBrick("b");
        try (var logs = Files.list(node.path("logs"))) {
            assertThat(logs).hasSize(1);
        }
        node.admin().unmapBrick("b");
        try (var logs = Files.list(node.path("logs"))) {
            assertThat(logs).isEmpty();
        }
    }

    @Test
    void shouldNotExportABrickWhoseWriteLogIsDamagedUntilItIsGivenUp() throws Exception {
        node.admin().mapBrick("b");
        Path log = node.path("logs").resolve(node.admin().brick("b").uuid() + ".log");
        node.stop();
        try (FileChannel file = FileChannel.open(log, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {77}), 16); // its head
        }
        node.start();

        assertThat(node.admin().brick("b").exportUris()).isEmpty();
        assertThatThrownBy(() -> node.connect("b")).isInstanceOf(IOException.class);
        assertThat(log).exists();

        node.stop();
        Files.delete(log);
        node.start();
        assertThat(node.read("b", 4096, LENGTH)).isEqualTo(NodeRig.pattern(1, 4096, LENGTH));
    }

    @Test
    void shouldNameTheProtectionsThatAreNotInForce() {
        assertThat(node.admin().protections()).anySatisfy(view -> {
            assertThat(view.name()).isEqualTo("watchdog");
            assertThat(view.inForce()).isFalse();
            assertThat(view.remedy()).contains("brickcached.service");
        });
    }
}
