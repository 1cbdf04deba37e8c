package io.brickcache.nbd;

import io.brickcache.env.FileFailures;
import io.brickcache.env.ListenAddress;
import io.brickcache.env.ListenException;
import io.brickcache.env.SocketFile;
import io.brickcache.nbd.handshake.Export;
import io.brickcache.nbd.handshake.ExportDirectory;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Errors;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens for NBD clients. Connections are accepted and negotiate on the acceptors' loops, then run on the loop of the
 * export they chose; where acceptor and export share the loop nothing moves. {@link #start} and {@link #stop} are called
 * by one thread that is none of these loops.
 */
public final class NbdServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);
    private static final String SECTION = "nbd";
    private static final int ACCEPT_QUEUE = 256;

    /** Of Linux, as bind(2) answers them. */
    private static final int EACCES = 13;

    private static final int EADDRINUSE = 98;
    private static final int EADDRNOTAVAIL = 99;

    private final NbdOptions options;
    private final Transport transport;
    private final EventLoopGroup acceptors;
    private final NbdConnections connections;
    private final Map<ListenAddress, Channel> listeners = new LinkedHashMap<>();
    private final List<SocketFile> sockets = new ArrayList<>();
    private final @Nullable TlsIdentity tls;

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
        this.tls = options.tls() == null ? null : new TlsIdentity(options.tls());
    }

    /**
     * Looks at the group and the files that the options name, without serving.
     *
     * @throws IOException naming what cannot be used, and why
     */
    public static void check(NbdOptions options) throws IOException {
        SocketFile.checkGroup(options.socketGroup(), SECTION);
        if (options.tls() != null) {
            TlsIdentity.check(options.tls());
        }
    }

    /**
     * Listens on every address; on all or on none.
     *
     * @throws IOException a {@link ListenException} naming the address and the reason, or the TLS file that cannot be
     *     used
     */
    public void start() throws IOException {
        if (tls != null) {
            tls.load();
        }
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

    /** True if clients that come over the address have to speak TLS. */
    public boolean isSecured(ListenAddress address) {
        return tls != null && address instanceof ListenAddress.Tcp;
    }

    /** The connections, to count them and to end those of an export. */
    public NbdConnections connections() {
        return connections;
    }

    /** A way into an export for this process itself, without handshake, for so many connections; not open yet. */
    public DirectListener direct(Export export, int expected, DirectListener.Listener listener) {
        return new DirectListener(transport, acceptors, connections, export, expected, listener);
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
                .childHandler(isSecured(address) ? connections.securedBy(Objects.requireNonNull(tls)) : connections);
        if (address instanceof ListenAddress.Unix unix) {
            return listenUnix(bootstrap, unix);
        }
        return bound(address, bindTcp(bootstrap, (ListenAddress.Tcp) address));
    }

    private Channel listenUnix(ServerBootstrap bootstrap, ListenAddress.Unix address) throws IOException {
        SocketFile socket = new SocketFile(address.path(), SECTION);
        sockets.add(socket);
        try {
            SocketAddress path = new DomainSocketAddress(socket.prepare().toFile());
            Channel channel =
                    bound(address, bootstrap.channel(transport.unixServer()).bind(path));
            // Closed with the others if its file cannot be published.
            listeners.put(address, channel);
            socket.publish(options.socketMode(), options.socketGroup());
            return channel;
        } catch (FileSystemException e) {
            throw new ListenException(address, FileFailures.why(e), e);
        }
    }

    private static Channel bound(ListenAddress address, ChannelFuture binding) throws ListenException {
        ChannelFuture bound = binding.awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new ListenException(address, why(bound.cause()), bound.cause());
        }
        return bound.channel();
    }

    private static String why(@Nullable Throwable refusal) {
        int errno = refusal instanceof Errors.NativeIoException failed ? -failed.expectedErr() : 0;
        return switch (errno) {
            case EADDRINUSE ->
                "the port is in use; stop who listens there (ss -ltnp shows the process) or change nbd.listen";
            case EADDRNOTAVAIL -> "this machine does not have the address (ip addr shows them); change nbd.listen";
            case EACCES -> "no permission; ports below 1024 need CAP_NET_BIND_SERVICE, others have none in nbd.listen";
            default -> String.valueOf(refusal == null ? null : refusal.getMessage());
        };
    }

    private ChannelFuture bindTcp(ServerBootstrap bootstrap, ListenAddress.Tcp tcp) throws ListenException {
        InetSocketAddress socketAddress = new InetSocketAddress(tcp.host(), tcp.port());
        if (socketAddress.isUnresolved()) {
            throw new ListenException(
                    tcp, "the host name is not known; name an address of this machine in nbd.listen", null);
        }
        return bootstrap
                .channel(transport.tcpServer())
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .bind(socketAddress);
    }

    private void stopListening() {
        listeners.values().forEach(channel -> channel.close().awaitUninterruptibly());
        listeners.clear();
        for (SocketFile socket : sockets) {
            try {
                socket.remove();
            } catch (IOException e) {
                LOG.warn("NBD: a socket could not be removed: {}", e.toString());
            }
        }
        sockets.clear();
    }
}
