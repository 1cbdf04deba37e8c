package io.brickcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.Reason;
import io.brickcache.client.TestClient.Ran;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mapped bricks, and the node that serves them. */
class MapCommandsTest {
    @TempDir
    Path directory;

    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        client = TestClient.start(directory);
    }

    @AfterEach
    void stop() {
        client.close();
    }

    @Test
    void shouldPrintNothingButTheDeviceWhenABrickIsMapped() {
        client.addCache("fast");
        client.addBrick("b1", "fast");

        assertThat(client.run("map", "b1")).isEqualTo(new Ran(0, "/dev/nbd0\n", ""));
        assertThat(client.run("map", "b1").out()).isEqualTo("/dev/nbd0\n");
        assertThat(client.run("map", "none").exit()).isEqualTo(3);
        assertThat(client.run("map").exit()).isEqualTo(2);
        assertThat(client.run("-o", "json", "map", "b1").out())
                .contains("\"link_path\": \"/dev/brickcache/b1\"", "\"MAPPING_STATE_CONNECTED\"");
    }

    @Test
    void shouldListWhatIsMappedUnderBothNames() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.run("map", "b1");
        client.node.use("b1", "mounted at /bricks/b1");

        Ran shown = client.run("showmapped");
        assertThat(shown.out().lines())
                .containsExactly(
                        "BRICK  DEVICE      SIZE  STATE      LINKS  USED BY",
                        "b1     /dev/nbd0  8 GiB  connected    4/4  mounted at /bricks/b1");
        assertThat(client.run("map", "list")).isEqualTo(shown);
        assertThat(client.run("-o", "json", "showmapped").out()).contains("\"mappings\": [");
    }

    @Test
    void shouldRefuseToUnmapAndToStopWhileADeviceIsUsed() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.run("map", "b1");
        client.node.use("b1", "mounted at /bricks/b1");

        Ran refused = client.run("unmap", "/dev/nbd0");
        assertThat(refused.exit()).isEqualTo(4);
        assertThat(refused.err()).contains("mounted at /bricks/b1");
        assertThat(client.run("node", "stop").exit()).isEqualTo(4);
        assertThat(client.node.isStopped()).isFalse();
        assertThat(client.run("node", "stop", "--force").exit()).isZero();
        assertThat(client.node.isStopped()).isTrue();
    }

    @Test
    void shouldUnmapByTheNameOfTheBrickAndOfTheLink() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.run("map", "b1");
        assertThat(client.run("unmap", "/dev/brickcache/b1"))
                .isEqualTo(new Ran(0, "", "brickcache: brick b1 unmapped, was /dev/nbd0\n"));
        assertThat(client.run("unmap", "b1").exit()).isEqualTo(3);
    }

    @Test
    void shouldWaitForABrickThatIsNotServedYetOnlyWhenToldTo() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        AdminException away = new AdminException(Reason.CACHE_UNAVAILABLE, "not served", "wait", Map.of());
        client.node.failNext(away);
        assertThat(client.run("map", "b1").exit()).isEqualTo(4);
        client.node.failNext(away);
        assertThat(client.run("map", "--wait", "30s", "b1").out()).isEqualTo("/dev/nbd0\n");
    }

    @Test
    void shouldEndWithOneWhenAProtectionIsNotInForce() {
        assertThat(client.run("node", "doctor").exit()).isZero();
        client.node.unprotect();
        Ran sick = client.run("node", "doctor");
        assertThat(sick.exit()).isEqualTo(1);
        assertThat(sick.out()).contains("locked-memory  NO").contains("lock it");
    }

    @Test
    void shouldFlushEveryBrickWhenTheNodeIsDrained() throws IOException {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.addBrick("b2", "fast");
        client.node.write("b1", 64 << 20, Duration.ofSeconds(3));
        client.node.write("b2", 64 << 20, Duration.ofSeconds(3));

        String host = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        Ran drained = client.run("drain", host);
        assertThat(drained.exit()).isZero();
        assertThat(drained.err())
                .contains("draining brick b2 (2 of 2)")
                .endsWith("2 of 2 bricks drained, 0 B written since are dirty\n");
        assertThat(client.node.brick("b1").dirtyBytes()).isZero();
        assertThat(client.run("drain", "another-" + host).exit()).isEqualTo(2);
    }

    @Test
    void shouldSayWhatIsNextWhenAMappedBrickHasGrown() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.run("map", "b1");
        client.node.use("b1", "mounted at /bricks/b1");
        client.node.connect("b1", 6);
        client.node.resizeDisk("b1", 10L << 30);

        Ran grown = client.run("brick", "grow", "b1");

        assertThat(grown.exit()).isZero();
        assertThat(grown.out()).isEmpty();
        assertThat(grown.err())
                .contains("brick b1 has grown from 8 GiB (8589934592 bytes) to 10 GiB (10737418240 bytes)")
                .contains("/dev/nbd0 has 10 GiB", "xfs_growfs /bricks/b1", "resize2fs /dev/nbd0")
                .contains("(2 connections) see the new size when they connect again");
        Ran again = client.run("brick", "grow", "b1");
        assertThat(again.exit()).isZero();
        assertThat(again.err()).contains("has all of its disk already, 10 GiB");
        assertThat(client.run("-o", "json", "brick", "grow", "b1").out())
                .contains("\"previous_size_bytes\": 10737418240", "\"device_path\": \"/dev/nbd0\"");
    }

    @Test
    void shouldSayNothingOfADeviceWhenABrickThatIsNotMappedHasGrown() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.node.resizeDisk("b1", 10L << 30);

        Ran grown = client.run("brick", "grow", "b1");

        assertThat(grown.exit()).isZero();
        assertThat(grown.err()).doesNotContain("/dev/nbd", "connections");
        assertThat(client.run("-o", "json", "brick", "grow", "b1").out()).doesNotContain("mapping");
    }

    @Test
    void shouldFailWhenTheDeviceDoesNotFollowOrTheDiskIsSmaller() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.run("map", "b1");
        client.node.resizeDisk("b1", 10L << 30);
        client.node.refuseSizes("the kernel is busy");

        Ran grown = client.run("brick", "grow", "b1");

        assertThat(grown.exit()).isEqualTo(1);
        assertThat(grown.err()).contains("/dev/nbd0 has not followed yet: the kernel is busy");
        client.node.resizeDisk("b1", 1L << 30);
        Ran refused = client.run("brick", "grow", "b1");
        assertThat(refused.exit()).isEqualTo(4);
        assertThat(refused.err()).contains("smaller; make it larger");
        assertThat(client.run("brick", "grow", "none").exit()).isEqualTo(3);
    }
}
