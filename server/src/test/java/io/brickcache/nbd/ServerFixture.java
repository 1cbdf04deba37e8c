package io.brickcache.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BufferPool;
import io.brickcache.env.ListenAddress;
import io.brickcache.nbd.handshake.Export;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A listening server with two exports: "near" runs on the acceptor's loop, "far" on another. Closing it checks that
 * nothing is left behind.
 */
public final class ServerFixture implements AutoCloseable {

    public static final int SIZE = 64 << 20;
    public static final int POOL = 64 << 20;

    public final Exports exports = new Exports();
    public final Path socket;
    public final NbdServer server;
    public final MemoryDevice near;
    public final MemoryDevice far;

    private @Nullable MemoryDevice dead;
    private final EventLoopGroup acceptors;
    private final EventLoopGroup others;
    private final BufferPool nearPool = new BufferPool(POOL);
    private final BufferPool farPool = new BufferPool(POOL);

    public ServerFixture(Transport transport, Path directory, int maxConnections) throws Exception {
        this(transport, directory, NbdOptions.insecure(sockets(directory)).withMaxConnections(maxConnections));
    }

    /** With TLS on TCP. */
    public ServerFixture(Transport transport, Path directory, TlsOptions tls) throws Exception {
        this(transport, directory, NbdOptions.secure(tls, sockets(directory)));
    }

    /** Where a fixture in that directory listens: a Unix socket and a TCP port. */
    public static ListenAddress[] sockets(Path directory) {
        return new ListenAddress[] {
            new ListenAddress.Unix(directory.resolve("nbd.sock")), new ListenAddress.Tcp("127.0.0.1", 0)
        };
    }

    public ServerFixture(Transport transport, Path directory, NbdOptions options) throws Exception {
        acceptors = new MultiThreadIoEventLoopGroup(1, transport.ioHandlerFactory());
        others = new MultiThreadIoEventLoopGroup(1, transport.ioHandlerFactory());
        socket = directory.resolve("nbd.sock");
        near = add("near", acceptors.next(), nearPool);
        far = add("far", others.next(), farPool);
        server = new NbdServer(options, transport, acceptors, exports);
        server.start();
    }

    /** The port that the kernel chose. */
    public int port() {
        return ((ListenAddress.Tcp) server.boundAddresses().get(1)).port();
    }

    /** Adds an export "dead" beside "far", whose disk never answers. */
    public void addDead() {
        dead = MemoryDevice.ofSize(SIZE).answering(MemoryDevice.Answer.WHEN_RELEASED, Runnable::run);
        exports.add(new Export("dead", "", dead, farPool, others.next()));
    }

    /** Bytes of the pool of "far" and "dead" that are in use. */
    public int farUsedBytes() {
        return others.submit(farPool::usedBytes).syncUninterruptibly().getNow();
    }

    @Override
    public void close() {
        if (dead != null) {
            MemoryDevice device = dead;
            others.submit(() -> device.answering(MemoryDevice.Answer.AT_ONCE, Runnable::run)
                            .releaseAll())
                    .syncUninterruptibly();
        }
        server.stop().orTimeout(30, TimeUnit.SECONDS).join();
        assertThat(acceptors.submit(nearPool::usedBytes).syncUninterruptibly().getNow())
                .as("near: bytes in use")
                .isZero();
        assertThat(others.submit(farPool::usedBytes).syncUninterruptibly().getNow())
                .as("far: bytes in use")
                .isZero();
        near.verify();
        far.verify();
        acceptors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        others.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private MemoryDevice add(String name, EventLoop loop, BufferPool pool) {
        MemoryDevice device = MemoryDevice.ofSize(SIZE).answering(MemoryDevice.Answer.ON_EXECUTOR, loop);
        exports.add(new Export(name, "on the " + name + " loop", device, pool, loop));
        return device;
    }
}
