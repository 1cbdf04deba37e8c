package io.brickcache.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that came from the socket and were not used yet, in order. Holds no more than one read of the socket while the
 * connection is stopped, since nothing is read then; the buffers belong to it.
 */
final class InboundBytes {

    private final ArrayDeque<ByteBuf> buffers = new ArrayDeque<>();

    /** Takes over the buffer. */
    void add(ByteBuf buffer) {
        if (buffer.isReadable()) {
            buffers.add(buffer);
        } else {
            buffer.release();
        }
    }

    boolean isEmpty() {
        return buffers.isEmpty();
    }

    /** Moves what is there, until {@code to} is full. Returns true if it is. */
    boolean moveTo(ByteBuffer to) {
        ByteBuf first;
        while (to.hasRemaining() && (first = buffers.peek()) != null) {
            int count = Math.min(to.remaining(), first.readableBytes());
            int limit = to.limit();
            to.limit(to.position() + count);
            first.readBytes(to);
            to.limit(limit);
            dropUsed(first);
        }
        return !to.hasRemaining();
    }

    /** Drops up to {@code count} bytes; returns how many. */
    long skip(long count) {
        long skipped = 0;
        ByteBuf first;
        while (skipped < count && (first = buffers.peek()) != null) {
            int step = (int) Math.min(count - skipped, first.readableBytes());
            first.skipBytes(step);
            skipped += step;
            dropUsed(first);
        }
        return skipped;
    }

    /** Drops everything. */
    void clear() {
        @Nullable ByteBuf buffer;
        while ((buffer = buffers.poll()) != null) {
            buffer.release();
        }
    }

    private void dropUsed(ByteBuf first) {
        if (!first.isReadable()) {
            buffers.remove();
            first.release();
        }
    }
}
