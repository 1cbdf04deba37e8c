package io.brickcache.block;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A piece of a {@link BufferPool}: direct memory, aligned to 4096 bytes, counted references. Confined to the pool's
 * loop, except that device threads may move its bytes while a request is in flight.
 */
public final class IoBuffer {

    private final BufferPool pool;
    private final ByteBuffer bytes;
    private final long address;
    private final int arenaOffset;
    private int references;
    private @Nullable Object view;
    private @Nullable BufferShare share;

    IoBuffer(BufferPool pool, ByteBuffer bytes, long address, int arenaOffset) {
        this.pool = pool;
        this.bytes = bytes;
        this.address = address;
        this.arenaOffset = arenaOffset;
    }

    /**
     * The memory, with position 0 and limit {@link #capacity()}; the one buffer of all callers, so that position and
     * limit hold until the next call only.
     */
    public ByteBuffer bytes() {
        return bytes.clear();
    }

    /** The memory with position and limit set to [from, from+length). */
    public ByteBuffer bytes(int from, int length) {
        return bytes.limit(from + length).position(from);
    }

    /** Native address of byte 0. */
    public long address() {
        return address;
    }

    public int capacity() {
        return bytes.capacity();
    }

    /** One more owner. */
    public IoBuffer retain() {
        if (references <= 0) {
            throw new IllegalStateException("retain of a released buffer");
        }
        references++;
        return this;
    }

    /** One owner less; the last one gives the memory back to the pool. */
    public void release() {
        if (references <= 0) {
            throw new IllegalStateException("release of a released buffer");
        }
        if (--references == 0) {
            BufferShare from = share;
            share = null;
            pool.free(this);
            if (from != null) {
                from.freed(capacity());
            }
        }
    }

    /**
     * What {@link #attachView} left here: this memory wrapped for another library, for example as a socket buffer. It
     * stays for the life of the pool, whoever owns the buffer, so that wrapping allocates once per piece.
     */
    public @Nullable Object view() {
        return view;
    }

    public void attachView(Object view) {
        this.view = view;
    }

    int arenaOffset() {
        return arenaOffset;
    }

    /** Until it is free, the buffer counts for the share. */
    void share(BufferShare newShare) {
        share = newShare;
    }

    void acquired() {
        references = 1;
    }

    int references() {
        return references;
    }
}
