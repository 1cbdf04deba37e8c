package io.brickcache.admin;

import io.brickcache.env.Clock;
import io.brickcache.env.FileFailures;
import io.brickcache.env.ListenException;
import io.brickcache.env.SocketFile;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the administration on a Unix socket, on an event loop of its own: administration never takes time from the
 * loop of a cache. {@link #start()} once, {@link #serving()} when the node is up, {@link #close()} once.
 */
public final class AdminServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
    private static final String SECTION = "admin";
    private static final int MAX_CALLS_PER_CONNECTION = 32;
    private static final long GRACE_SECONDS = 5;

    /**
     * How the socket is driven: as those of the caches are. With one kind of event loop in the process, the JIT compiler
     * knows the target of every submission to a loop, and leaves out the objects made for it.
     *
     * @param newLoop makes the one event loop of the administration, which ends it
     * @param channel listening Unix sockets on such a loop
     */
    public record Transport(Supplier<EventLoopGroup> newLoop, Class<? extends ServerChannel> channel) {}

    private final AdminOptions options;
    private final AdminApi api;
    private final Transport transport;
    private final SocketFile socket;
    private @Nullable EventLoopGroup loop;
    private @Nullable Server server;

    public AdminServer(AdminOptions options, NodeAdministration node, Transport transport, Clock clock) {
        this.options = options;
        this.transport = transport;
        this.api = new AdminApi(node, clock);
        this.socket = new SocketFile(options.socket().path(), SECTION);
    }

    /**
     * Looks at the group that the options name, without serving.
     *
     * @throws IOException if there is none of that name
     */
    public static void check(AdminOptions options) throws IOException {
        SocketFile.checkGroup(options.socketGroup(), SECTION);
    }

    /**
     * Listens, and reports NOT_SERVING as health until {@link #serving()}.
     *
     * @throws IOException if the socket cannot be had; the message names it and says what to do. Nothing is left then.
     */
    public void start() throws IOException {
        try {
            listen(new DomainSocketAddress(socket.prepare().toString()));
            socket.publish(options.socketMode(), options.socketGroup());
        } catch (FileSystemException e) {
            close();
            throw new ListenException(options.listen(), FileFailures.why(e), e);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
        LOG.info("administration on {}", options.listen());
    }

    private void listen(DomainSocketAddress address) throws IOException {
        EventLoopGroup group = transport.newLoop().get();
        loop = group;
        NettyServerBuilder builder = NettyServerBuilder.forAddress(address)
                .channelType(transport.channel())
                .bossEventLoopGroup(group)
                .workerEventLoopGroup(group)
                .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION);
        api.addTo(builder);
        server = builder.build().start();
    }

    /** Reports SERVING as the health of everything. */
    public void serving() {
        api.announce(ServingStatus.SERVING);
    }

    /** Reports NOT_SERVING as the health of everything, until {@link #serving()}. */
    public void notServing() {
        api.announce(ServingStatus.NOT_SERVING);
    }

    /**
     * Reports NOT_SERVING, cancels long work and gives calls a few seconds to be answered before it cuts them off.
     * Idempotent. An interrupt shortens the wait and is kept.
     */
    @Override
    public void close() {
        api.stop();
        boolean interrupted = false;
        try {
            if (server != null && !server.shutdown().awaitTermination(GRACE_SECONDS, TimeUnit.SECONDS)) {
                server.shutdownNow().awaitTermination(GRACE_SECONDS, TimeUnit.SECONDS);
            }
            api.awaitStopped();
        } catch (InterruptedException e) {
            interrupted = true;
            if (server != null) {
                server.shutdownNow();
            }
        }
        EventLoopGroup group = loop;
        if (group != null) {
            group.shutdownGracefully(0, GRACE_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
        }
        try {
            socket.remove();
        } catch (IOException e) {
            LOG.warn("cannot remove the admin socket {}", options.listen(), e);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
