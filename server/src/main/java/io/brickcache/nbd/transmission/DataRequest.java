package io.brickcache.nbd.transmission;

import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;

/** A request of a connection on its way through the device: every command but BLOCK_STATUS. */
final class DataRequest extends IoRequest {

    private final TransmissionHandler connection;
    private long cookie;
    private boolean answered;

    DataRequest(TransmissionHandler connection) {
        this.connection = connection;
    }

    void begin(long cookie) {
        this.cookie = cookie;
        answered = false;
    }

    long cookie() {
        return cookie;
    }

    /** True if the client has its answer: nothing but the end of the request is left. */
    boolean isAnswered() {
        return answered;
    }

    @Override
    public void accepted() {
        answered = true;
        connection.accepted(this);
    }

    @Override
    public void completed(IoStatus status) {
        connection.completed(this, status);
    }
}
