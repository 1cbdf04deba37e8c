package io.brickcache.nbd.transmission;

import io.brickcache.block.IoBuffer;
import io.brickcache.nbd.wire.MetaContext;
import io.brickcache.nbd.wire.NbdError;
import io.brickcache.nbd.wire.ReplyEncoder;
import io.brickcache.nbd.wire.TransmissionCodes;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/**
 * Collects answers and hands them to the socket together. Small ones are copied, one after the other, into a piece of
 * {@value #CHUNK_BYTES} bytes from the socket's allocator; a larger READ goes without a copy, behind its header. What
 * was handed over counts against the channel's water marks; what was not is at most one piece.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end the channel, which channelInactive tells
final class ReplyBatch {

    /** Up to here copying is cheaper than one more element for writev. */
    static final int MAX_COPIED_BYTES = 16 << 10;

    private static final int CHUNK_BYTES = 64 << 10;

    private final ChannelHandlerContext context;
    private final boolean structured;
    private final PayloadView.Owner payloadOwner;
    private @Nullable ByteBuf chunk;
    private boolean written;
    private long handedBytes;

    /** @param payloadOwner gets the buffers of large READs back */
    ReplyBatch(ChannelHandlerContext context, boolean structured, PayloadView.Owner payloadOwner) {
        this.context = context;
        this.structured = structured;
        this.payloadOwner = payloadOwner;
    }

    /** True if something waits for {@link #flush}. */
    boolean isPending() {
        return written || chunk != null;
    }

    /** Bytes handed to the socket, in all. */
    long handedBytes() {
        return handedBytes;
    }

    /** A request without data was done. */
    void done(long cookie) {
        ReplyEncoder.simple(room(TransmissionCodes.SIMPLE_REPLY_BYTES), NbdError.OK, cookie);
    }

    /** @param message ASCII; told only where replies are structured */
    void failed(long cookie, NbdError error, byte[] message) {
        if (structured) {
            ReplyEncoder.error(room(ReplyEncoder.ERROR_CHUNK_BYTES + message.length), error, cookie, message);
        } else {
            ReplyEncoder.simple(room(TransmissionCodes.SIMPLE_REPLY_BYTES), error, cookie);
        }
    }

    /** A READ was done; the buffer goes to {@code payloadOwner}, now or when it has been written. */
    void data(long cookie, long offset, IoBuffer buffer, int from, int length) {
        if (length <= MAX_COPIED_BYTES) {
            ByteBuf out = room(ReplyEncoder.OFFSET_DATA_PREFIX_BYTES + length);
            dataHeader(out, cookie, offset, length);
            out.writeBytes(buffer.bytes(from, length));
            payloadOwner.returned(buffer);
        } else {
            ByteBuf out = room(ReplyEncoder.OFFSET_DATA_PREFIX_BYTES);
            dataHeader(out, cookie, offset, length);
            write(out.readRetainedSlice(out.readableBytes()));
            write(PayloadView.lend(buffer, from, length, payloadOwner));
        }
    }

    /** A range was described in one context; {@code last} if no other context follows. */
    void status(BlockStatusRequest request, MetaContext described, boolean last) {
        int extents = request.replyExtents();
        ByteBuf out = room(ReplyEncoder.BLOCK_STATUS_CHUNK_BYTES + extents * ReplyEncoder.EXTENT_BYTES);
        int flags = last ? TransmissionCodes.CHUNK_FLAG_DONE : 0;
        ReplyEncoder.blockStatus(out, flags, request.cookie(), described, extents);
        long left = request.length();
        for (int i = 0; i < extents; i++) {
            long length = Math.min(left, request.extentLength(i));
            ReplyEncoder.extent(out, length, request.extentState(i));
            left -= length;
        }
    }

    /** Everything collected goes to the socket, in one system call if it takes that much. */
    void flush() {
        handOver();
        if (written) {
            written = false;
            context.flush();
        }
    }

    /** Drops what was not handed over. */
    void clear() {
        if (chunk != null) {
            chunk.release();
            chunk = null;
        }
        written = false;
    }

    private void dataHeader(ByteBuf out, long cookie, long offset, int length) {
        if (structured) {
            ReplyEncoder.offsetData(out, cookie, offset, length);
        } else {
            ReplyEncoder.simple(out, NbdError.OK, cookie);
        }
    }

    private ByteBuf room(int bytes) {
        ByteBuf current = chunk;
        if (current != null && current.writableBytes() >= bytes) {
            return current;
        }
        handOver();
        current = context.alloc().directBuffer(CHUNK_BYTES, CHUNK_BYTES);
        chunk = current;
        return current;
    }

    private void handOver() {
        ByteBuf full = chunk;
        if (full == null) {
            return;
        }
        chunk = null;
        if (full.isReadable()) {
            write(full);
        } else {
            full.release();
        }
    }

    private void write(ByteBuf bytes) {
        written = true;
        handedBytes += bytes.readableBytes();
        context.write(bytes, context.voidPromise());
    }
}
