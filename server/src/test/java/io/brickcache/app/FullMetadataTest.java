package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.admin.BrickView;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.NodeAdministration.CacheSpec;
import io.brickcache.admin.ProgressListener;
import io.brickcache.block.IoOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node whose metadata lies on a file system of its own that is filled up. Needs the right to mount. */
@Timeout(180)
@Tag("root")
class FullMetadataTest {

    private static final int PIECE = 64 << 10;
    private static final int PIECES = 200;

    @TempDir
    private Path directory;

    private Path mountPoint;
    private Path filler;
    private NodeRig node;
    private final int[] seeds = new int[PIECES];
    private int writes;

    @BeforeEach
    void start() throws Exception {
        mountPoint = Files.createDirectory(directory.resolve("ssd"));
        filler = mountPoint.resolve("filler");
        run("mount", "-t", "tmpfs", "-o", "size=48m", "brickcache-test", mountPoint.toString());
        node = new NodeRig(directory, IoOptions.Engine.POOLED).start();
        Path data = node.file("data.img", 16 * NodeRig.MIB);
        node.admin().createCache(new CacheSpec("ssd", mountPoint, 16 * NodeRig.MIB, 4096, data), ProgressListener.NONE);
        node.attach("b", "ssd");
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
        run("umount", mountPoint.toString());
    }

    @Test
    void shouldServeWithoutAnErrorWhenItsMetadataDirectoryIsFullAndCacheAgainWhenItHasRoom() throws Exception {
        try (NbdClient client = node.connect("b")) {
            while (cache().state() == CacheView.State.SERVING) {
                assertThat(writes).as("writes before the metadata is full").isLessThan(20_000);
                fill();
                writeAndFlush(client);
            }
            assertThat(cache().state()).isEqualTo(CacheView.State.PASS_THROUGH);
            assertThat(cache().stateReason()).contains("nothing is lost", "No space left", "Free some space");
            assertThat(directory.resolve("state/spare")).isNotEmptyDirectory();
            for (int i = 0; i < 20; i++) {
                writeAndFlush(client);
            }
            while (node.admin().brick("b").state() != BrickView.State.PASS_THROUGH) {
                writeAndFlush(client);
            }
            assertThat(node.admin().brick("b").dirtyBytes()).isZero();
            assertHolds(client);
        }

        node.restart();
        try (NbdClient client = node.connect("b")) {
            assertHolds(client);
            writeAndFlush(client);
            assertThat(cache().state()).isEqualTo(CacheView.State.PASS_THROUGH);

            Files.delete(filler);
            while (cache().state() != CacheView.State.SERVING) {
                writeAndFlush(client);
            }
            assertThat(directory.resolve("state/spare")).isEmptyDirectory();
            writeAndFlush(client);
            assertThat(node.admin().brick("b").dirtyBytes()).isPositive();
            assertHolds(client);
        }
        node.restart();
        try (NbdClient client = node.connect("b")) {
            assertHolds(client);
        }
    }

    private CacheView cache() {
        return node.admin().cache("ssd");
    }

    private void writeAndFlush(NbdClient client) throws IOException {
        writes++;
        int piece = writes * 7 % PIECES;
        seeds[piece] = writes;
        client.write((long) piece * PIECE, NodeRig.pattern(writes, (long) piece * PIECE, PIECE));
        client.flush();
    }

    private void assertHolds(NbdClient client) throws IOException {
        for (int piece = 0; piece < PIECES; piece++) {
            if (seeds[piece] > 0) {
                assertThat(client.read((long) piece * PIECE, PIECE))
                        .as("piece %d of write %d", piece, seeds[piece])
                        .isEqualTo(NodeRig.pattern(seeds[piece], (long) piece * PIECE, PIECE));
            }
        }
    }

    /** Appends to the filler until nothing fits any more. */
    private void fill() throws IOException {
        byte[] bytes = new byte[4096];
        new Random(1).nextBytes(bytes);
        try (OutputStream out = Files.newOutputStream(filler, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (true) {
                out.write(bytes);
            }
        } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).contains("No space left")) {
                throw e;
            }
        }
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as("%s: %s", String.join(" ", command), output)
                .isZero();
    }
}
