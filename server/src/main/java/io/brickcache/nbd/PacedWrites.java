package io.brickcache.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Gives answers to TLS only as fast as the client takes them. TLS encrypts all it is given at once, into memory of its
 * own; so the answers wait here, in buffers that are counted against their connection, and go on in pieces while the
 * channel is writable. The encrypted bytes of a connection then stay near its high water mark.
 *
 * <p>Invariant: after every call the queue is empty, or nothing was flushed, or the channel is not writable.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the promises are the callers'
final class PacedWrites extends ChannelDuplexHandler {

    static final int PIECE_BYTES = 128 << 10;

    private final ReadGate reads;
    private final ArrayDeque<Answer> queue = new ArrayDeque<>();
    private boolean flushed;
    private boolean draining;

    private record Answer(ByteBuf bytes, ChannelPromise promise) {}

    /** {@code reads} stands on the other side of TLS. */
    PacedWrites(ReadGate reads) {
        this.reads = reads;
    }

    @Override
    public void read(ChannelHandlerContext context) {
        reads.open();
        context.read();
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        Answer answer = new Answer((ByteBuf) message, promise);
        if (context.channel().isActive()) {
            queue.add(answer);
        } else {
            drop(answer);
        }
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        flushed = true;
        drain(context);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        drain(context);
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        dropAll();
        context.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        dropAll();
    }

    private void drain(ChannelHandlerContext context) {
        if (draining || !flushed) {
            return;
        }
        draining = true;
        try {
            while (!queue.isEmpty() && context.channel().isWritable()) {
                writePiece(context);
            }
            flushed = !queue.isEmpty();
        } finally {
            draining = false;
        }
        context.flush();
    }

    private void writePiece(ChannelHandlerContext context) {
        Answer first = queue.element();
        if (first.bytes.readableBytes() > PIECE_BYTES) {
            context.write(first.bytes.readRetainedSlice(PIECE_BYTES), context.voidPromise());
        } else {
            // A slice: TLS may append to a buffer that has room, and this one's memory may be a device's.
            ByteBuf last = first.bytes.readRetainedSlice(first.bytes.readableBytes());
            queue.remove();
            first.bytes.release();
            context.write(last, first.promise);
        }
    }

    private void dropAll() {
        @Nullable Answer answer;
        while ((answer = queue.poll()) != null) {
            drop(answer);
        }
    }

    private static void drop(Answer answer) {
        answer.bytes.release();
        answer.promise.tryFailure(new ClosedChannelException());
    }
}
