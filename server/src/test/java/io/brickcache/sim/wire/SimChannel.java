package io.brickcache.sim.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.local.LocalAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/**
 * The server's end of a simulated connection. It behaves as a socket does: a read delivers what has arrived, and not
 * before it is asked for; a write takes as much as the peer's window has room for; the peer's end is seen by a read.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the end of a channel is told by its closeFuture
public final class SimChannel extends AbstractChannel {

    private static final ChannelMetadata METADATA = new ChannelMetadata(false);
    private static final SocketAddress SERVER = new LocalAddress("server");
    private static final SocketAddress CLIENT = new LocalAddress("client");

    private final DefaultChannelConfig config = new DefaultChannelConfig(this);
    private final Deque<byte[]> arrived = new ArrayDeque<>();
    private final Consumer<byte[]> sent;
    private int windowBytes;
    private boolean open = true;
    private boolean readWanted;
    private boolean hungUp;

    /**
     * @param windowBytes what may be sent before the peer has taken any of it
     * @param sent gets the bytes that leave
     */
    public SimChannel(int windowBytes, Consumer<byte[]> sent) {
        super(null);
        this.windowBytes = windowBytes;
        this.sent = sent;
        config.setAllocator(UnpooledByteBufAllocator.DEFAULT);
    }

    /** Bytes from the peer are here. */
    public void arrive(byte[] bytes) {
        arrived.add(bytes);
        deliver();
    }

    /** The peer has taken bytes: there is room for as many. */
    public void taken(int bytes) {
        windowBytes += bytes;
        if (open && isRegistered()) {
            ((SimUnsafe) unsafe()).resumeWriting();
        }
    }

    /** The peer is gone in order; what it sent before can be read. */
    public void hangUp() {
        hungUp = true;
        // What is written to a peer that is gone goes nowhere, but it goes.
        taken(Integer.MAX_VALUE - windowBytes);
        deliver();
    }

    /** The connection is reset, what was under way is lost. */
    public void reset() {
        arrived.clear();
        unsafe().close(voidPromise());
    }

    private void deliver() {
        if (!readWanted || !open) {
            return;
        }
        byte[] bytes = arrived.poll();
        if (bytes != null) {
            readWanted = false;
            pipeline().fireChannelRead(Unpooled.wrappedBuffer(bytes));
            pipeline().fireChannelReadComplete();
        } else if (hungUp) {
            readWanted = false;
            unsafe().close(voidPromise());
        }
    }

    @Override
    protected void doBeginRead() {
        readWanted = true;
        eventLoop().execute(this::deliver);
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer in) {
        ByteBuf bytes;
        while ((bytes = (ByteBuf) in.current()) != null) {
            int length = Math.min(bytes.readableBytes(), windowBytes);
            if (!bytes.isReadable()) {
                in.remove();
                continue;
            }
            if (length == 0) {
                return;
            }
            byte[] copy = new byte[length];
            bytes.getBytes(bytes.readerIndex(), copy);
            windowBytes -= length;
            in.removeBytes(length);
            sent.accept(copy);
        }
    }

    @Override
    protected void doClose() {
        open = false;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open;
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new SimUnsafe();
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop instanceof SimEventLoop;
    }

    @Override
    protected SocketAddress localAddress0() {
        return SERVER;
    }

    @Override
    protected SocketAddress remoteAddress0() {
        return CLIENT;
    }

    @Override
    protected void doBind(SocketAddress localAddress) {
        throw new UnsupportedOperationException("a simulated connection is there already");
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    private final class SimUnsafe extends AbstractUnsafe {

        @Override
        public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
            promise.setFailure(new UnsupportedOperationException("a simulated connection is there already"));
        }

        void resumeWriting() {
            flush0();
        }
    }
}
