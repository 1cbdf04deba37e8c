package io.brickcache.cache;

import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.LostRange.Cause;

/**
 * Reads a dirty slot again that could not be read, since giving it up is for good. When the SSD keeps answering errors the
 * superblock is read too: if that fails, the whole SSD is out of reach and the slot may come back with it. If not, the slot
 * is read a last time: the SSD may have come back just now.
 *
 * <p>The caller stays a reader of the slot's epoch until it has heard.
 */
final class SecondLook implements IoOwner {

    /** How it ended. */
    enum Verdict {
        /** The slot's content is in the buffer. */
        READABLE,
        /** The SSD works and the slot does not. */
        LOST,
        /** The SSD does not work. */
        UNREACHABLE
    }

    /** Hears of the end, once. */
    @FunctionalInterface
    interface Listener {
        void looked(Verdict verdict, Cause cause);
    }

    private static final int AGAIN = 0;
    private static final int PROBE = 1;
    private static final int TRIES = 2;

    private final CacheCore core;
    private final int slot;
    private final IoBuffer buffer;
    private final int at;
    private final Listener listener;
    private int tries;
    private boolean probed;

    /** Of a slot, with room for a block at {@code at} in the buffer, which stays the caller's. */
    SecondLook(CacheCore core, int slot, IoBuffer buffer, int at, Listener listener) {
        this.core = core;
        this.slot = slot;
        this.buffer = buffer;
        this.at = at;
        this.listener = listener;
    }

    void start() {
        tries++;
        core.io.submitSlots(IoOp.READ, AGAIN, 0, slot, 1, buffer, at, this);
    }

    @Override
    public void ioDone(EngineIo io, IoStatus status) {
        if (io.tag == PROBE) {
            probed = true;
            if (status.isOk()) {
                start();
            } else {
                listener.looked(Verdict.UNREACHABLE, Cause.READ_ERROR);
            }
        } else if (status.isOk() && core.matches(slot, buffer, at)) {
            listener.looked(Verdict.READABLE, Cause.READ_ERROR);
        } else if (tries < TRIES) {
            start();
        } else if (status.isOk()) {
            listener.looked(Verdict.LOST, Cause.CHECKSUM);
        } else if (probed) {
            listener.looked(Verdict.LOST, Cause.READ_ERROR);
        } else {
            core.io.submitSsd(IoOp.READ, PROBE, 0, SsdLayout.SUPERBLOCK_BYTES, buffer, at, this);
        }
    }
}
