package io.brickcache.nbd.transmission;

import io.brickcache.block.IoBuffer;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The WRITE whose payload is coming from the socket, if any. Its bytes are copied out of what was read with other requests,
 * or come straight to their place ({@link PayloadReceiver}), which must not be given back while the kernel may fill it.
 */
final class IncomingWrite {

    /** Below this, a read of the socket that takes the next requests along is worth more than the copy. */
    static final int MIN_DIRECT_BYTES = 32 << 10;

    private final ConnectionMemory memory;
    private @Nullable DataRequest request;
    private int received;
    private long receivedBytes;
    /** The socket has the memory of the request, or of one that was given up. */
    private boolean lent;

    private boolean abandoned;
    private final Runnable freed;

    /** @param freed runs when memory that was given up has come back from the socket */
    IncomingWrite(ConnectionMemory memory, Runnable freed) {
        this.memory = memory;
        this.freed = freed;
    }

    boolean isUnderWay() {
        return request != null;
    }

    /** Payload bytes of all WRITEs so far. */
    long receivedBytes() {
        return receivedBytes;
    }

    void begin(DataRequest begun) {
        request = begun;
        received = 0;
    }

    /** Copies what is there. */
    void take(InboundBytes inbound) {
        DataRequest current = current();
        var rest = current.buffer().bytes(current.bufferOffset() + received, missing(current));
        int from = rest.position();
        inbound.moveTo(rest);
        count(rest.position() - from);
    }

    /** Where the socket may put what comes next; null if that is to be read as usual. To be asked when nothing waits to be taken. */
    @Nullable
    ByteBuf place() {
        DataRequest current = request;
        if (current == null || missing(current) < MIN_DIRECT_BYTES) {
            return null;
        }
        lent = true;
        return PayloadView.toFill(
                current.buffer(), current.bufferOffset() + received, missing(current), this::returned);
    }

    /** The socket has written to the {@link #place}. */
    void filled(PayloadView place) {
        if (request != null) {
            count(place.readableBytes());
        }
        place.release();
    }

    /** The request, if its payload is all there; it is over then. */
    @Nullable
    DataRequest whole() {
        DataRequest current = current();
        if (missing(current) > 0) {
            return null;
        }
        request = null;
        return current;
    }

    /** Gives up what is under way: returns the request, to be recycled; its memory is given back. */
    @Nullable
    DataRequest abandon() {
        DataRequest current = request;
        request = null;
        if (current != null && lent) {
            abandoned = true;
        } else if (current != null) {
            memory.release(current.buffer());
        }
        return current;
    }

    private void returned(IoBuffer buffer) {
        lent = false;
        if (abandoned) {
            abandoned = false;
            memory.release(buffer);
            freed.run();
        }
    }

    private void count(int bytes) {
        received += bytes;
        receivedBytes += bytes;
    }

    private int missing(DataRequest current) {
        return (int) current.length() - received;
    }

    private DataRequest current() {
        DataRequest current = request;
        if (current == null) {
            throw new IllegalStateException("payload without a write");
        }
        return current;
    }
}
