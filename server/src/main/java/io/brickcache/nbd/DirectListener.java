package io.brickcache.nbd;

import io.brickcache.nbd.handshake.Export;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Unix socket through which this process reaches one export of its own without a handshake: what is connected to it is
 * given to the kernel's NBD driver, which begins with the first request. It lets in as many connections as were asked for
 * and is gone then.
 *
 * <p>A pair of sockets would be simpler, but Netty takes no descriptor for a channel of io_uring. The socket is in a new
 * directory that only the service's user can enter.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the end of a channel is told by its closeFuture
public final class DirectListener implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DirectListener.class);

    private final Transport transport;
    private final EventLoopGroup acceptors;
    private final NbdConnections connections;
    private final Export export;
    private final AtomicInteger expected;
    private final Listener listener;
    private @Nullable Path directory;
    private @Nullable Channel channel;

    /** Told about each connection; on the export's loop. */
    public interface Listener {
        /** The connection is closed; requests that came through it may still be in the device. */
        void closed();

        /** It is closed and nothing that came through it is left. */
        void ended();
    }

    DirectListener(
            Transport transport,
            EventLoopGroup acceptors,
            NbdConnections connections,
            Export export,
            int expected,
            Listener listener) {
        this.transport = transport;
        this.acceptors = acceptors;
        this.connections = connections;
        this.export = export;
        this.expected = new AtomicInteger(expected);
        this.listener = listener;
    }

    /** Listens below a directory of the service; the path to connect to. */
    public Path open(Path parent) throws IOException {
        Path made = Files.createTempDirectory(parent, "map");
        directory = made;
        Path socket = made.resolve("s");
        ChannelFuture bound = new ServerBootstrap()
                .group(acceptors, export.loop())
                .channel(transport.unixServer())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel arrived) {
                        admit(arrived);
                    }
                })
                .bind(new DomainSocketAddress(socket.toFile()))
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            close();
            throw new IOException("cannot listen on " + socket + ": " + bound.cause(), bound.cause());
        }
        channel = bound.channel();
        return socket;
    }

    private void admit(Channel arrived) {
        int left = expected.decrementAndGet();
        if (left < 0) {
            LOG.warn("{}: a connection that nobody asked for is closed", export.name());
            arrived.close();
            return;
        }
        arrived.closeFuture().addListener(future -> listener.closed());
        connections.beginDirectly(arrived, export, listener::ended);
        Channel listening = channel;
        if (left == 0 && listening != null) {
            listening.close();
        }
    }

    /** Connections that have not come will not come any more. Idempotent. */
    @Override
    public void close() {
        Channel listening = channel;
        if (listening != null) {
            listening.close().awaitUninterruptibly();
        }
        removeName();
    }

    /** All have connected: nobody else can any more. Idempotent. */
    public void removeName() {
        Path made = directory;
        if (made != null) {
            try {
                Files.deleteIfExists(made.resolve("s"));
                Files.deleteIfExists(made);
            } catch (IOException e) {
                LOG.warn("{} could not be removed: {}", made, e.toString());
            }
        }
    }
}
