package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.AdminOptions;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.NodeAdministration;
import io.brickcache.admin.NodeAdministration.BrickSpec;
import io.brickcache.admin.NodeAdministration.BricksOfCache;
import io.brickcache.admin.NodeAdministration.CacheSpec;
import io.brickcache.admin.NodeAdministration.GivenUp;
import io.brickcache.admin.ProgressListener;
import io.brickcache.admin.Reason;
import io.brickcache.block.IoOptions;
import io.brickcache.cache.CacheOptions;
import io.brickcache.cache.ScrubOptions;
import io.brickcache.config.Config;
import io.brickcache.env.ListenAddress;
import io.brickcache.env.SecureEntropy;
import io.brickcache.env.SystemClock;
import io.brickcache.mapping.MapOptions;
import io.brickcache.nbd.NbdOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;

/** A node in this process with all its files in one directory; started and stopped as often as a test likes. */
final class NodeRig implements AutoCloseable {

    static final long MIB = 1 << 20;

    /** Nothing goes to the disk by itself. */
    private static final long HOUR_NS = 3_600_000_000_000L;

    private final Path directory;
    private final IoOptions.Engine engine;
    private final FakeKernel kernel;
    private final AtomicInteger stopsAsked = new AtomicInteger();
    private @Nullable Node node;

    NodeRig(Path directory, IoOptions.Engine engine) {
        this.directory = directory;
        this.engine = engine;
        this.kernel = new FakeKernel(directory.resolve("kernel"));
    }

    NodeRig start() throws Exception {
        Node started = newNode();
        started.start();
        node = started;
        return this;
    }

    /** A node on the same directory; never more than one of them can run. */
    Node newNode() {
        Config config = new Config(
                directory.resolve("state"),
                NbdOptions.insecure(new ListenAddress.Unix(nbdSocket()), new ListenAddress.Tcp("127.0.0.1", 0)),
                new AdminOptions(new ListenAddress.Unix(directory.resolve("admin.sock")), 0600, null),
                new IoOptions(engine, 4, false),
                new CacheOptions(CacheOptions.MIN_BUFFER_BYTES, 100_000_000L, 90, 95, HOUR_NS, HOUR_NS, 4L << 20),
                ScrubOptions.DEFAULTS,
                MapOptions.defaults().withLogDirectory(directory.resolve("logs")));
        return new Node(
                config,
                SystemdNotifier.fromEnvironment(Map.of()),
                new SystemClock(),
                new SecureEntropy(),
                kernel,
                kernel.devices(),
                stopsAsked::incrementAndGet);
    }

    void stop() {
        Node running = Objects.requireNonNull(node);
        node = null;
        running.stop();
    }

    void restart() throws Exception {
        stop();
        start();
    }

    NodeAdministration admin() {
        return Objects.requireNonNull(node).administration();
    }

    /** How often the administration asked for a stop. */
    int stopsAsked() {
        return stopsAsked.get();
    }

    /** The machine's kernel, which outlives the node. */
    FakeKernel kernel() {
        return kernel;
    }

    Path path(String name) {
        return directory.resolve(name);
    }

    Path nbdSocket() {
        return directory.resolve("nbd.sock");
    }

    NbdClient connect(String brick) throws IOException {
        return NbdClient.connect(nbdSocket(), brick);
    }

    /** A cache of 16 MiB in a directory of its name. */
    CacheView createCache(String name) {
        return admin().createCache(spec(name, 16 * MIB), ProgressListener.NONE);
    }

    CacheView delete(String cache) {
        return admin().deleteCache(cache, BricksOfCache.REFUSE, GivenUp.NOTHING);
    }

    CacheSpec spec(String name, long sizeBytes) {
        return new CacheSpec(name, path(name), sizeBytes, 4096, null);
    }

    /** Attaches the file {@code NAME.img}, which is made of 32 MiB if it is missing. */
    BrickView attach(String name, String cache) throws IOException {
        return admin().attachBrick(new BrickSpec(name, cache, file(name + ".img", 32 * MIB)));
    }

    Path file(String name, long sizeBytes) throws IOException {
        Path file = path(name);
        try (RandomAccessFile sized = new RandomAccessFile(file.toFile(), "rw")) {
            if (sized.length() == 0) {
                sized.setLength(sizeBytes);
            }
        }
        return file;
    }

    /** Writes a pattern and flushes it. */
    void write(String brick, int seed, long offset, int length) throws IOException {
        try (NbdClient client = connect(brick)) {
            client.write(offset, pattern(seed, offset, length));
            client.flush();
        }
    }

    byte[] read(String brick, long offset, int length) throws IOException {
        try (NbdClient client = connect(brick)) {
            return client.read(offset, length);
        }
    }

    /** Writes to the bare disk of a brick, as somebody who does not know of the cache. */
    void writeBehind(String brick, int seed, long offset, int length) throws IOException {
        try (RandomAccessFile disk = new RandomAccessFile(path(brick + ".img").toFile(), "rw")) {
            disk.seek(offset);
            disk.write(pattern(seed, offset, length));
        }
    }

    byte[] readBehind(String brick, long offset, int length) throws IOException {
        try (RandomAccessFile disk = new RandomAccessFile(path(brick + ".img").toFile(), "r")) {
            byte[] bytes = new byte[length];
            disk.seek(offset);
            disk.readFully(bytes);
            return bytes;
        }
    }

    /** The refusal of a call that is refused for that reason. */
    static AdminException refused(Reason reason, ThrowingCallable call) {
        AdminException refusal = catchThrowableOfType(AdminException.class, call);
        assertThat(refusal).as("a refusal for %s", reason).isNotNull();
        assertThat(refusal.reason()).as(refusal.getMessage()).isEqualTo(reason);
        assertThat(refusal.remedy()).isNotBlank();
        return refusal;
    }

    /** Bytes that depend on the place and on who wrote them. */
    static byte[] pattern(int seed, long offset, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            long at = offset + i;
            bytes[i] = (byte) ((at >>> 9) * 31 + at * 7 + seed + 1);
        }
        return bytes;
    }

    @Override
    public void close() {
        if (node != null) {
            stop();
        }
    }
}
