package io.brickcache.nbd.transmission;

import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.IoStatus;

/** A BLOCK_STATUS: asks the device once per negotiated context, one after the other. */
final class BlockStatusRequest extends ExtentsRequest {

    private final TransmissionHandler connection;
    private long cookie;
    private boolean one;
    private int contextIndex;

    BlockStatusRequest(TransmissionHandler connection) {
        this.connection = connection;
    }

    void begin(long cookie, boolean one) {
        this.cookie = cookie;
        this.one = one;
        this.contextIndex = 0;
    }

    long cookie() {
        return cookie;
    }

    /** Which of the negotiated contexts is being asked. */
    int contextIndex() {
        return contextIndex;
    }

    void nextContext() {
        contextIndex++;
    }

    /** How many extents go into the answer: those that begin inside the range, only one with REQ_ONE. */
    int replyExtents() {
        int wanted = one ? Math.min(1, count()) : count();
        long covered = 0;
        for (int i = 0; i < wanted; i++) {
            if (covered >= length()) {
                return i;
            }
            covered += extentLength(i);
        }
        return wanted;
    }

    @Override
    public void completed(IoStatus status) {
        connection.described(this, status);
    }
}
