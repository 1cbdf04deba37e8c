package io.brickcache.nbd;

import io.brickcache.nbd.handshake.Export;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a connection from the loop that accepted it to the loop of its export.
 *
 * <p>Order: the answers written so far leave the socket; the channel is deregistered (Netty completes that only when
 * every operation the kernel still had is over); it is registered with the other loop; there the session begins. Bytes
 * that a read delivers before it is cancelled are kept and come first; nobody begins another read meanwhile, not even TLS ({@link ReadGate}). Netty offers no constructor that takes a file
 * descriptor for io_uring, so handing over a duplicate descriptor is not a way; deregistering works for both transports.
 */
@SuppressWarnings("FutureReturnValueIgnored") // every outcome ends in arrive() or abandon()
final class ConnectionMover extends ChannelInboundHandlerAdapter {

    private static final Logger LOG = LoggerFactory.getLogger(ConnectionMover.class);

    private final Channel channel;
    private final Export export;
    private final Arrival arrival;
    private final ByteBuf answer;
    private final List<ByteBuf> early = new ArrayList<>();
    private boolean over;

    /** What happens on the export's loop. */
    @FunctionalInterface
    interface Arrival {
        /**
         * The channel is active and on the export's loop.
         *
         * @param mover stands in the pipeline, to be replaced
         * @param answer what the client waits for; owned by the callee
         * @param early the first bytes of the transmission phase; owned by the callee
         */
        void arrived(ConnectionMover mover, ByteBuf answer, List<ByteBuf> early);
    }

    ConnectionMover(Channel channel, Export export, ByteBuf answer, ByteBuf early, Arrival arrival) {
        this.channel = channel;
        this.export = export;
        this.answer = answer;
        this.early.add(early);
        this.arrival = arrival;
    }

    Channel channel() {
        return channel;
    }

    /** Called once, on the channel's present loop, when this handler stands in the pipeline. */
    void move() {
        if (channel.eventLoop() == export.loop()) {
            arrive();
        } else {
            channel.flush();
            // Past TLS, which would make a record of nothing.
            channel.pipeline()
                    .firstContext()
                    .writeAndFlush(Unpooled.EMPTY_BUFFER)
                    .addListener(this::written);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        early.add((ByteBuf) message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        abandon();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.debug("{}: {} closed while it was moved: {}", export.name(), channel, cause.getClass());
        channel.close();
    }

    private void written(Future<? super Void> future) {
        if (future.isSuccess()) {
            channel.deregister().addListener(this::deregistered);
        } else {
            channel.close();
        }
    }

    private void deregistered(Future<? super Void> future) {
        if (future.isSuccess() && channel.isOpen()) {
            // As a task: Netty's io_uring channel tells the promise before it has finished its own tidying up, and must
            // not meet the other loop there (4.2.18: unregistered() asserts that no read is under way).
            channel.eventLoop().execute(() -> export.loop().register(channel).addListener(this::registered));
        } else {
            channel.close();
            abandon();
        }
    }

    private void registered(Future<? super Void> future) {
        if (future.isSuccess() && channel.isActive()) {
            arrive();
        } else {
            LOG.debug("{}: {} could not be moved: {}", export.name(), channel, String.valueOf(future.cause()));
            channel.close();
            abandon();
        }
    }

    private void arrive() {
        if (!over) {
            over = true;
            arrival.arrived(this, answer, early);
        }
    }

    private void abandon() {
        if (!over) {
            over = true;
            answer.release();
            early.forEach(ByteBuf::release);
        }
    }
}
