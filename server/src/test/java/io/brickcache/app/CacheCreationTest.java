package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.NodeAdministration.CacheSpec;
import io.brickcache.admin.ProgressListener;
import io.brickcache.admin.Reason;
import io.brickcache.app.KnownCache.Origin;
import io.brickcache.app.KnownCache.Phase;
import io.brickcache.block.IoOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a cache is made of, what it is refused for, and that nothing is left of one that was not made. */
@Timeout(120)
class CacheCreationTest {

    @TempDir
    private Path directory;

    private NodeRig node;

    @BeforeEach
    void start() throws Exception {
        node = new NodeRig(directory, IoOptions.Engine.AUTO).start();
    }

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void shouldWriteTheWholeAreaWhenCreated() throws IOException {
        Recorder recorder = new Recorder();

        CacheView cache = node.admin().createCache(node.spec("ssd", 16 * NodeRig.MIB), recorder);

        assertThat(cache.sizeBytes()).isEqualTo(16 * NodeRig.MIB);
        assertThat(recorder.last().done()).isEqualTo(16 * NodeRig.MIB);
        assertThat(recorder.last().total()).isEqualTo(16 * NodeRig.MIB);
        assertThat(node.path("ssd/data")).hasSize(16 * NodeRig.MIB);
    }

    @Test
    void shouldRefuseWhenWhatIsAskedForCannotBe() throws IOException {
        refused(Reason.INVALID_ARGUMENT, node.spec("ssd", 16 * NodeRig.MIB - 4096));
        refused(Reason.INVALID_ARGUMENT, spec(node.path("no/parent"), 16 * NodeRig.MIB, null));
        refused(Reason.INVALID_ARGUMENT, spec(node.file("file", 512), 16 * NodeRig.MIB, null));
        refused(Reason.INVALID_ARGUMENT, node.spec("ssd", 1L << 50));
        refused(Reason.NO_SPACE, node.spec("ssd", 1L << 40));
        refused(
                Reason.DEVICE_UNSUITABLE,
                spec(node.path("ssd"), 16 * NodeRig.MIB, node.file("small", 15 * NodeRig.MIB)));
        refused(Reason.DEVICE_UNSUITABLE, spec(node.path("ssd"), 16 * NodeRig.MIB, node.path("missing")));
        assertThat(node.path("ssd")).doesNotExist();
        assertThat(node.admin().caches()).isEmpty();
    }

    @Test
    void shouldRefuseWhenTheNameOrTheDirectoryIsTaken() throws IOException {
        node.createCache("ssd");

        refused(Reason.CACHE_EXISTS, new CacheSpec("ssd", node.path("other"), 16 * NodeRig.MIB, 4096, null));
        refused(Reason.INVALID_ARGUMENT, spec(node.path("ssd"), 16 * NodeRig.MIB, null));
        refused(Reason.DEVICE_IN_USE, spec(node.path("other"), 16 * NodeRig.MIB, node.path("ssd/data")));
        assertThat(node.path("other")).doesNotExist();
        Files.createDirectories(node.path("foreign/meta"));
        refused(Reason.INVALID_ARGUMENT, spec(node.path("foreign"), 16 * NodeRig.MIB, null));
        assertThat(node.path("foreign/meta")).exists();
    }

    @Test
    void shouldRefuseAGivenAreaWhenItHoldsSomething() throws IOException {
        Path area = node.file("area", 17 * NodeRig.MIB);
        byte[] content = Files.readAllBytes(area);
        System.arraycopy("XFSB".getBytes(StandardCharsets.US_ASCII), 0, content, 0, 4);
        Files.write(area, content);

        AdminException refusal = refused(Reason.DEVICE_UNSUITABLE, spec(node.path("ssd"), 16 * NodeRig.MIB, area));

        assertThat(refusal).hasMessageContaining("XFS");
        assertThat(refusal.remedy()).contains("wipefs -a " + area);
        assertThat(Files.readAllBytes(area)).isEqualTo(content);
    }

    @Test
    void shouldKeepAGivenAreaWhenItsCacheIsDeleted() throws Exception {
        Path area = node.file("area", 17 * NodeRig.MIB);
        CacheSpec spec = spec(node.path("ssd"), 16 * NodeRig.MIB, area);
        assertThat(node.admin().createCache(spec, ProgressListener.NONE).dataPath())
                .isEqualTo(area);
        node.restart();
        assertThat(node.admin().cache("cache").state()).isEqualTo(CacheView.State.SERVING);

        node.delete("cache");

        assertThat(area).hasSize(17 * NodeRig.MIB);
        assertThat(node.admin().createCache(spec, ProgressListener.NONE).state())
                .isEqualTo(CacheView.State.SERVING);
    }

    @Test
    void shouldLeaveNothingWhenCancelled() throws Exception {
        ProgressListener cancelling = new Recorder() {
            @Override
            public boolean isCancelled() {
                return true;
            }
        };

        AdminException cancelled = catchThrowableOfType(
                AdminException.class, () -> node.admin().createCache(node.spec("ssd", 64 * NodeRig.MIB), cancelling));

        assertThat(cancelled.reason()).isEqualTo(Reason.CANCELLED);
        assertThat(node.path("ssd")).doesNotExist();
        assertThat(node.admin().caches()).isEmpty();
        node.restart();
        assertThat(node.admin().caches()).isEmpty();
        assertThat(node.createCache("ssd").state()).isEqualTo(CacheView.State.SERVING);
    }

    @Test
    void shouldTakeAwayWhatIsLeftWhenACreationWasCutShort() throws Exception {
        node.createCache("kept");
        node.stop();
        NodeState state = new NodeState(node.path("state"));
        KnownCache kept = state.load().get(0);
        Path half = Files.createDirectories(node.path("half"));
        Files.createDirectories(half.resolve("meta"));
        Files.writeString(half.resolve("meta/CURRENT"), "x");
        Files.writeString(half.resolve("data"), "x");
        Files.writeString(half.resolve("notes"), "of somebody else");
        state.save(List.of(
                kept,
                new KnownCache(
                        "half",
                        UUID.randomUUID(),
                        half,
                        half.resolve("data"),
                        Origin.OWN_FILE,
                        4096,
                        3840,
                        Phase.CREATING,
                        List.of())));

        node.start();

        assertThat(node.admin().caches()).extracting(CacheView::name).containsExactly("kept");
        assertThat(half.toFile().list()).containsExactly("notes");
        assertThat(state.load()).extracting(KnownCache::name).containsExactly("kept");
    }

    @Test
    void shouldNotStartWhenTheStateFileCannotBeUnderstood() throws Exception {
        node.createCache("ssd");
        node.stop();
        Path file = node.path("state").resolve(NodeState.FILE);
        Files.writeString(file, "version: 1\ncaches: [{name: 7}]\n");

        assertThatThrownBy(() -> node.newNode().start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("name");
        assertThat(file).hasContent("version: 1\ncaches: [{name: 7}]\n");
    }

    private static CacheSpec spec(Path directory, long sizeBytes, @Nullable Path dataPath) {
        return new CacheSpec("cache", directory, sizeBytes, 4096, dataPath);
    }

    private AdminException refused(Reason reason, CacheSpec spec) {
        AdminException refusal =
                catchThrowableOfType(AdminException.class, () -> node.admin().createCache(spec, ProgressListener.NONE));
        assertThat(refusal).as("a refusal for %s", reason).isNotNull();
        assertThat(refusal.reason()).as(refusal.getMessage()).isEqualTo(reason);
        return refusal;
    }
}
