package io.brickcache.nbd;

import io.brickcache.nbd.handshake.Export;
import io.brickcache.nbd.handshake.ExportDirectory;
import io.brickcache.nbd.handshake.HandshakeHandler;
import io.brickcache.nbd.handshake.TlsUpgrade;
import io.brickcache.nbd.transmission.PayloadReceiver;
import io.brickcache.nbd.transmission.TransmissionSettings;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.unix.DomainSocketChannel;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every connection of the server, from accept to end, whatever its transport: install it as the first handler of a
 * channel. Thread-safe.
 *
 * <p>Invariant: a session is in {@link #sessions} before it is checked that its export is still there, and an export
 * leaves the directory before {@link #disconnect} looks at {@link #sessions}. So no session outlives its export unseen.
 */
@ChannelHandler.Sharable
@SuppressWarnings("FutureReturnValueIgnored") // the end of a channel is told by its closeFuture
public final class NbdConnections extends ChannelInitializer<Channel> {

    private static final Logger LOG = LoggerFactory.getLogger(NbdConnections.class);

    /** Answers that wait for the socket: above the high mark nothing more is read, until it is below the low one. */
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(256 << 10, 1 << 20);

    /**
     * What a Unix socket holds for a client that reads, if net.core.wmem_max allows it; twice that, since the kernel counts
     * its own. A large answer then takes fewer turns of waking each other than with net.core.wmem_default. TCP finds a size
     * by itself.
     */
    private static final int UNIX_SEND_BYTES = 1 << 20;

    private final NbdOptions options;
    private final ExportDirectory exports;
    private final Set<Channel> channels = ConcurrentHashMap.newKeySet();
    /** Those that have not chosen an export, the oldest first. */
    private final Queue<Channel> negotiating = new ConcurrentLinkedQueue<>();

    private final Set<Session> sessions = ConcurrentHashMap.newKeySet();
    private final LoopMemories memories;
    private volatile boolean closed;

    public NbdConnections(NbdOptions options, ExportDirectory exports) {
        this.options = options;
        this.exports = exports;
        this.memories = new LoopMemories(exports);
    }

    /** As this one, for connections that have to begin TLS. */
    ChannelHandler securedBy(TlsIdentity identity) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                admit(channel, context -> {
                    ReadGate gate = new ReadGate();
                    context.pipeline()
                            .addFirst(
                                    gate,
                                    identity.newHandler(context.alloc(), options.idleHandshakeTimeout()),
                                    new PacedWrites(gate));
                });
            }
        };
    }

    @Override
    protected void initChannel(Channel channel) {
        admit(channel, null);
    }

    private static void configure(Channel channel) {
        if (channel instanceof DomainSocketChannel) {
            channel.config().setOption(ChannelOption.SO_SNDBUF, UNIX_SEND_BYTES);
        }
        channel.config()
                .setAutoRead(false)
                // Netty's default one makes garbage with every copy into it.
                .setAllocator(PooledByteBufAllocator.DEFAULT)
                .setWriteBufferWaterMark(WATER_MARK)
                .setRecvByteBufAllocator(new PayloadReceiver());
    }

    private void admit(Channel channel, @Nullable TlsUpgrade tls) {
        configure(channel);
        channels.add(channel);
        channel.closeFuture().addListener(future -> channels.remove(channel));
        if (closed || !makeRoom(channel)) {
            channel.close();
        } else {
            negotiating.add(channel);
            channel.closeFuture().addListener(future -> negotiating.remove(channel));
            channel.pipeline()
                    .addLast(new HandshakeHandler(exports, options.idleHandshakeTimeout(), tls, this::chosen));
        }
    }

    /**
     * Closes the oldest connection that has not chosen an export if there are too many: choosing takes an honest client
     * some milliseconds, so who opens connections without end is in his own way first.
     */
    private boolean makeRoom(Channel channel) {
        if (channels.size() <= options.maxConnections()) {
            return true;
        }
        Channel oldest = negotiating.poll();
        LOG.debug("{} is one connection too many; {} has to go", channel, oldest == null ? "it" : oldest);
        if (oldest == null) {
            warnFull(channel);
            return false;
        }
        oldest.close();
        return true;
    }

    private void warnFull(Channel channel) {
        LOG.warn(
                "connection {} refused: {} connections are open, nbd.max_connections allows no more",
                channel,
                options.maxConnections());
    }

    /** Open connections, those that have not chosen an export included. */
    public int count() {
        return channels.size();
    }

    /** Connections by name of the export, for those that have any. */
    public Map<String, Integer> countByExport() {
        return sessions.stream()
                .collect(Collectors.groupingBy(session -> session.export().name(), Collectors.summingInt(s -> 1)));
    }

    /**
     * Ends the connections to an export that is no longer in the directory: nothing more is accepted, what is in flight
     * is finished and answered, then they are closed.
     *
     * @return completed when none of them uses the device or the buffers any more; on an export's loop
     */
    public CompletableFuture<Void> disconnect(String exportName) {
        return drain(session -> session.export().name().equals(exportName));
    }

    /** As {@link #disconnect}, for all; clients that have not chosen an export are cut off, and nobody is let in. */
    public CompletableFuture<Void> close() {
        closed = true;
        CompletableFuture<Void> drained = drain(session -> true);
        Set<Channel> transmitting = sessions.stream().map(Session::channel).collect(Collectors.toSet());
        channels.stream().filter(channel -> !transmitting.contains(channel)).forEach(Channel::close);
        return drained;
    }

    private CompletableFuture<Void> drain(Predicate<Session> which) {
        List<Session> leaving = sessions.stream().filter(which).toList();
        leaving.forEach(Session::drain);
        return CompletableFuture.allOf(leaving.stream().map(Session::ended).toArray(CompletableFuture[]::new));
    }

    private void chosen(
            ChannelHandlerContext context,
            Export export,
            TransmissionSettings settings,
            ByteBuf answer,
            ByteBuf early) {
        negotiating.remove(context.channel());
        ConnectionMover mover = new ConnectionMover(
                context.channel(),
                export,
                answer,
                early,
                (arrived, reply, bytes) -> begin(arrived, export, settings, reply, bytes));
        context.pipeline().replace(context.handler(), null, mover);
        mover.move();
    }

    /**
     * Begins the transmission phase on a channel that has no handshake: simple replies, no contexts. It does not count
     * among the connections that {@code nbd.max_connections} limits. On the export's loop.
     *
     * @param ended runs when the connection is closed and uses neither device nor memory any more
     */
    void beginDirectly(Channel channel, Export export, Runnable ended) {
        configure(channel);
        Session session = session(channel, export, new TransmissionSettings(false, List.of()));
        session.ended().thenRun(ended);
        if (enter(session)) {
            channel.pipeline().addLast(session.handler());
        }
    }

    private Session session(Channel channel, Export export, TransmissionSettings settings) {
        return new Session(
                channel,
                export,
                memories.join(export),
                memories.share(export),
                settings,
                options.stalledClientTimeout(),
                this::left);
    }

    /** False, and the session is over, if its export is gone. */
    private boolean enter(Session session) {
        sessions.add(session);
        Export export = session.export();
        if (closed || !export.equals(exports.find(export.name()))) {
            LOG.debug("{}: {} closed, the export is gone", export.name(), session.channel());
            session.end();
            session.channel().close();
            return false;
        }
        return true;
    }

    private void left(Session session) {
        sessions.remove(session);
        memories.leave(session.export());
    }

    private void begin(
            ConnectionMover mover, Export export, TransmissionSettings settings, ByteBuf answer, List<ByteBuf> early) {
        Channel channel = mover.channel();
        Session session = session(channel, export, settings);
        ReadGate gate = channel.pipeline().get(ReadGate.class);
        if (gate != null) {
            session.handler().countingEncrypted(gate::writtenBytes);
        }
        if (!enter(session)) {
            answer.release();
            early.forEach(ByteBuf::release);
            return;
        }
        ChannelPipeline pipeline = channel.pipeline();
        pipeline.replace(mover, null, session.handler());
        channel.writeAndFlush(answer, channel.voidPromise());
        // To the handler itself: TLS, before it, has decrypted them.
        ChannelHandlerContext context = pipeline.context(session.handler());
        early.forEach(bytes -> session.handler().channelRead(context, bytes));
        session.handler().channelReadComplete(context);
    }
}
