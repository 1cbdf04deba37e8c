package io.brickcache.nbd;

import io.brickcache.env.ListenAddress;
import io.brickcache.nbd.handshake.ExportDirectory;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens for NBD clients. Connections are accepted and negotiate on the acceptors' loops, then run on the loop of the
 * export they chose; where acceptor and export share the loop nothing moves. {@link #start} and {@link #stop} are called
 * by one thread that is none of these loops.
 */
public final class NbdServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);
    private static final int ACCEPT_QUEUE = 256;

    private final NbdOptions options;
    private final Transport transport;
    private final EventLoopGroup acceptors;
    private final NbdConnections connections;
    private final Map<ListenAddress, Channel> listeners = new LinkedHashMap<>();

    /**
     * A server that does not listen yet.
     *
     * @param transport what the loops of {@code acceptors} and of every export are made of
     * @param acceptors not owned
     */
    public NbdServer(NbdOptions options, Transport transport, EventLoopGroup acceptors, ExportDirectory exports) {
        this.options = options;
        this.transport = transport;
        this.acceptors = acceptors;
        this.connections = new NbdConnections(options, exports);
    }

    /**
     * Listens on every address; on all or on none.
     *
     * @throws NbdListenException naming the address and the reason
     */
    public void start() throws IOException {
        try {
            for (ListenAddress address : options.listen()) {
                listeners.put(address, listen(address));
                LOG.info("NBD: listening on {}", address);
            }
        } catch (IOException e) {
            stopListening();
            throw e;
        }
    }

    /** Addresses bound, in the order of the options; a TCP port of 0 is replaced by the one that was given. */
    public List<ListenAddress> boundAddresses() {
        List<ListenAddress> result = new ArrayList<>();
        listeners.forEach((address, channel) -> result.add(
                address instanceof ListenAddress.Tcp tcp
                        ? new ListenAddress.Tcp(tcp.host(), ((InetSocketAddress) channel.localAddress()).getPort())
                        : address));
        return result;
    }

    /** The connections, to count them and to end those of an export. */
    public NbdConnections connections() {
        return connections;
    }

    /**
     * Ends the connections to an export that was taken out of the directory; see {@link NbdConnections#disconnect}.
     */
    public CompletableFuture<Void> disconnect(String exportName) {
        return connections.disconnect(exportName);
    }

    /**
     * Stops listening, finishes what is in flight, closes every connection.
     *
     * @return completed when no device and no buffer is used any more
     */
    public CompletableFuture<Void> stop() {
        stopListening();
        return connections.close();
    }

    /** {@link #stop}, waiting for it. */
    @Override
    public void close() {
        stop().join();
    }

    private Channel listen(ListenAddress address) throws IOException {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(acceptors)
                .option(ChannelOption.SO_BACKLOG, ACCEPT_QUEUE)
                .childHandler(connections);
        ChannelFuture bound = bootstrapFor(bootstrap, address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            Throwable cause = bound.cause();
            throw new NbdListenException(address, String.valueOf(cause == null ? null : cause.getMessage()), cause);
        }
        return bound.channel();
    }

    private ChannelFuture bootstrapFor(ServerBootstrap bootstrap, ListenAddress address) throws IOException {
        if (address instanceof ListenAddress.Unix unix) {
            UnixSocketFile.removeStale(unix);
            SocketAddress path = new DomainSocketAddress(unix.path().toFile());
            return bootstrap.channel(transport.unixServer()).bind(path);
        }
        ListenAddress.Tcp tcp = (ListenAddress.Tcp) address;
        InetSocketAddress socketAddress = new InetSocketAddress(tcp.host(), tcp.port());
        if (socketAddress.isUnresolved()) {
            throw new NbdListenException(address, "the host name is not known", null);
        }
        return bootstrap
                .channel(transport.tcpServer())
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .bind(socketAddress);
    }

    private void stopListening() {
        listeners.forEach((address, channel) -> {
            channel.close().awaitUninterruptibly();
            if (address instanceof ListenAddress.Unix unix) {
                try {
                    Files.deleteIfExists(unix.path());
                } catch (IOException e) {
                    LOG.warn("NBD: the socket {} could not be removed: {}", unix.path(), e.toString());
                }
            }
        });
        listeners.clear();
    }
}
