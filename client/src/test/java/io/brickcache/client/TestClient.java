package io.brickcache.client;

import io.brickcache.admin.AdminOptions;
import io.brickcache.admin.AdminServer;
import io.brickcache.admin.FakeNode;
import io.brickcache.admin.NodeAdministration.BrickSpec;
import io.brickcache.admin.NodeAdministration.CacheSpec;
import io.brickcache.admin.ProgressListener;
import io.brickcache.env.ListenAddress;
import io.brickcache.env.TickingClock;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** The client as a shell sees it, against the real administration server over a fake node. */
final class TestClient implements AutoCloseable {
    final FakeNode node = new FakeNode();
    final Map<String, String> environment = new HashMap<>();
    Shell.Terminals terminals = new Shell.Terminals(false, false, false);
    /** What comes on stdin, a character a byte. */
    String typed = "";

    private final AtomicLong nowNs = new AtomicLong();
    private final AdminServer server;

    private TestClient(Path socket) {
        server = new AdminServer(
                new AdminOptions(new ListenAddress.Unix(socket), AdminOptions.DEFAULT_SOCKET_MODE, null),
                node,
                new AdminServer.Transport(
                        () -> new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()),
                        EpollServerDomainSocketChannel.class),
                new TickingClock(1_000_000_000));
        environment.put(Brickcache.ENDPOINT_VARIABLE, "unix:" + socket);
        environment.put(
                FuseDevices.DIRECTORY_VARIABLE, socket.resolveSibling("fuse").toString());
    }

    static TestClient start(Path directory) throws IOException {
        TestClient client = new TestClient(directory.resolve("a.sock"));
        client.server.start();
        return client;
    }

    /** What a command left behind. */
    record Ran(int exit, String out, String err) {}

    Ran run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Shell shell = new Shell(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                new ByteArrayInputStream(typed.getBytes(StandardCharsets.ISO_8859_1)),
                environment,
                terminals,
                () -> nowNs.getAndAdd(400_000_000));
        int exit = Main.run(shell, args);
        return new Ran(exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    void addCache(String name) {
        node.createCache(new CacheSpec(name, Path.of("/ssd/" + name), 4L << 30, 4096, null), ProgressListener.NONE);
    }

    void addBrick(String name, String cache) {
        node.attachBrick(new BrickSpec(name, cache, Path.of("/dev/disk/by-id/" + name)));
    }

    void stopServer() {
        server.close();
    }

    @Override
    public void close() {
        server.close();
    }
}
