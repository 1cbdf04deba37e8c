package io.brickcache.nbd.handshake;

import io.brickcache.nbd.transmission.TransmissionSettings;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;

/** Takes a connection over when an export has been chosen. */
@FunctionalInterface
public interface Handover {

    /**
     * Called once, on the connection's present loop; the handshake handler does nothing afterwards, and nothing is read
     * from the socket. Bytes that arrive nevertheless come to the handler that stands in the pipeline.
     *
     * @param answer what the client is waiting for; to be written on the export's loop. Owned by the callee
     * @param early what the client sent after its choice; the first bytes of the transmission phase. Owned by the callee
     */
    void chosen(
            ChannelHandlerContext context, Export export, TransmissionSettings settings, ByteBuf answer, ByteBuf early);
}
