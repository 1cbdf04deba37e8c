package io.brickcache.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;

/**
 * Stands before TLS and lets through one read for each that was asked for behind it. TLS also reads of its own accord,
 * when it has got no whole record or ends its handshake; whoever wants to read asks again anyhow after every read, and a
 * read that nobody waits for would be under way when the connection moves to another loop, and be lost there.
 *
 * <p>It also counts what TLS has made of the answers.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the promises are the callers'
final class ReadGate extends ChannelOutboundHandlerAdapter {

    private boolean open;
    private long writtenBytes;

    /** Bytes that went to the socket, encrypted, in all. */
    long writtenBytes() {
        return writtenBytes;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        writtenBytes += ((ByteBuf) message).readableBytes();
        context.write(message, promise);
    }

    /** The next read passes. */
    void open() {
        open = true;
    }

    @Override
    public void read(ChannelHandlerContext context) {
        if (open) {
            open = false;
            context.read();
        }
    }
}
