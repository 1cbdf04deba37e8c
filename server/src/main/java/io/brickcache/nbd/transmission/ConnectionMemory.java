package io.brickcache.nbd.transmission;

import io.brickcache.block.IoBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one connection, out of the share of its export ({@link SharedMemory}).
 *
 * <p>One caller at a time asks; one that got nothing asks again, for the same request, after {@code retry} has run.
 */
final class ConnectionMemory {

    private final SharedMemory memory;
    private final SharedMemory.Share share;
    private final Runnable retry;
    private int heldBytes;
    private int bytesWanted;
    private boolean overShare;
    private boolean inLine;
    private @Nullable IoBuffer granted;

    /** @param retry tells that {@link #acquire} may succeed now; must not run it at once, but later on the loop */
    ConnectionMemory(SharedMemory memory, SharedMemory.Share share, Runnable retry) {
        this.memory = memory;
        this.share = share;
        this.retry = retry;
    }

    /** A buffer to be given back with {@link #release}, or null: ask again when told. */
    @Nullable
    IoBuffer acquire(int bytes) {
        IoBuffer buffer = granted;
        if (buffer != null) {
            granted = null;
            return buffer;
        }
        if (inLine) {
            return null;
        }
        if (heldBytes > 0 && bytes > memory.connectionLimitBytes() - heldBytes) {
            overShare = true;
            return null;
        }
        bytesWanted = bytes;
        buffer = memory.acquire(this);
        if (buffer == null) {
            inLine = true;
            return null;
        }
        heldBytes += buffer.capacity();
        return buffer;
    }

    void release(IoBuffer buffer) {
        heldBytes -= buffer.capacity();
        memory.release(share, buffer);
        if (overShare) {
            overShare = false;
            retry.run();
        }
    }

    /** Nobody asks any more. What is held is still to be released. */
    void stopWaiting() {
        overShare = false;
        if (inLine) {
            inLine = false;
            memory.leave(this);
        }
        IoBuffer buffer = granted;
        if (buffer != null) {
            granted = null;
            release(buffer);
        }
    }

    boolean isIdle() {
        return heldBytes == 0;
    }

    /** Its turn has come: the buffer, counted in the share already, is its own. */
    void granted(IoBuffer buffer) {
        inLine = false;
        granted = buffer;
        heldBytes += buffer.capacity();
        retry.run();
    }

    int heldBytes() {
        return heldBytes;
    }

    int bytesWanted() {
        return bytesWanted;
    }

    SharedMemory.Share share() {
        return share;
    }
}
