package io.brickcache.nbd;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;

/**
 * Stands before TLS and lets through one read for each that was asked for behind it. TLS also reads of its own accord,
 * when it has got no whole record or ends its handshake; whoever wants to read asks again anyhow after every read, and a
 * read that nobody waits for would be under way when the connection moves to another loop, and be lost there.
 */
final class ReadGate extends ChannelOutboundHandlerAdapter {

    private boolean open;

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
