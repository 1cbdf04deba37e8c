package io.brickcache.nbd.handshake;

import io.netty.channel.ChannelHandlerContext;

/** Begins TLS on a connection. */
@FunctionalInterface
public interface TlsUpgrade {

    /**
     * Puts what encrypts before the handler of {@code context} in its pipeline. The client has been told to begin;
     * whatever comes from the socket from now on has to be TLS.
     */
    void install(ChannelHandlerContext context);
}
