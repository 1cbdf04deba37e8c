package io.brickcache.block;

import org.jspecify.annotations.Nullable;

/**
 * One request to a {@link BlockDevice}: made by the caller, reused by the caller, so that steady state allocates nothing.
 *
 * <p>Life: the caller prepares it with one of the {@code prepare} methods, submits it, and must not touch it or the
 * part of the buffer it names until {@link #completed} has been called; after that the device does not touch it. The
 * buffer belongs to the caller throughout. A device may retain the buffer of a READ and go on reading from it (a cache
 * promotes what it got): after a READ the caller does not change the bytes, it reads them and releases the buffer.
 *
 * <p>{@link #next} is free for the caller between completion and the next submit, and for the device in between.
 */
public abstract class IoRequest {

    /** With WRITE, TRIM, WRITE_ZEROES: answered only when durable. */
    public static final int FUA = 1;
    /** With WRITE_ZEROES: the space stays allocated. */
    public static final int NO_HOLE = 1 << 1;
    /** With WRITE_ZEROES: fail with NOT_SUPPORTED, doing nothing, rather than write zeroes out. */
    public static final int FAST_ZERO = 1 << 2;
    /** With WRITE: may be {@link #accepted} before it is completed. Means nothing together with FUA. */
    public static final int BEHIND = 1 << 3;

    /** Link for queues of whoever holds the request. */
    public @Nullable IoRequest next;

    /**
     * The client's request that cannot be answered before this one; null if nobody waits for it. A hint: a device may serve
     * first what somebody waits for. Set by the caller before {@code submit}.
     */
    public @Nullable IoRequest cause;

    private IoOp op = IoOp.FLUSH;
    private long offset;
    private long length;
    private int flags;
    private @Nullable IoBuffer buffer;
    private int bufferOffset;

    /**
     * A READ or WRITE of {@code length} bytes between the device at {@code offset} and {@code buffer} at
     * {@code bufferOffset}.
     */
    public final void prepare(IoOp op, long offset, int length, int flags, IoBuffer buffer, int bufferOffset) {
        this.op = op;
        this.offset = offset;
        this.length = length;
        this.flags = flags;
        this.buffer = buffer;
        this.bufferOffset = bufferOffset;
    }

    /** A request without data: TRIM, WRITE_ZEROES, CACHE, EXTENTS. */
    public final void prepare(IoOp op, long offset, long length, int flags) {
        this.op = op;
        this.offset = offset;
        this.length = length;
        this.flags = flags;
        this.buffer = null;
        this.bufferOffset = 0;
    }

    /** The same as another request, with its buffer if it has one. */
    public final void prepareAs(IoRequest other) {
        op = other.op;
        offset = other.offset;
        length = other.length;
        flags = other.flags;
        buffer = other.buffer;
        bufferOffset = other.bufferOffset;
    }

    /** A FLUSH. */
    public final void prepareFlush() {
        prepare(IoOp.FLUSH, 0, 0L, 0);
    }

    public final IoOp op() {
        return op;
    }

    /** First byte on the device. */
    public final long offset() {
        return offset;
    }

    /** Bytes; fits an int for READ and WRITE. */
    public final long length() {
        return length;
    }

    public final int flags() {
        return flags;
    }

    public final boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** The buffer of a READ or WRITE. */
    public final IoBuffer buffer() {
        IoBuffer result = buffer;
        if (result == null) {
            throw new IllegalStateException(op + " has no buffer");
        }
        return result;
    }

    /** Where the data begins in the buffer. */
    public final int bufferOffset() {
        return bufferOffset;
    }

    /**
     * Called by the device at most once per submit, before {@link #completed}, for a WRITE that allows it with {@link #BEHIND}:
     * whatever is submitted from now on finds the new content, and a FLUSH makes it durable. The device goes on using the
     * request and its buffer. An error that comes later is the next FLUSH's to tell, and what is lost by it cannot be read.
     */
    public void accepted() {}

    /**
     * Called by the device exactly once per submit, on the device's loop, possibly before {@code submit} returns.
     * Must not throw.
     */
    public abstract void completed(IoStatus status);

    @Override
    public String toString() {
        return op + "[" + offset + "+" + length + (flags == 0 ? "" : " flags=" + flags) + "]";
    }
}
