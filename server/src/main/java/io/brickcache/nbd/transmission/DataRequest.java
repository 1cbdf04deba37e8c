package io.brickcache.nbd.transmission;

import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;

/** A request of a connection on its way through the device: every command but BLOCK_STATUS. */
final class DataRequest extends IoRequest {

    private final TransmissionHandler connection;
    private long cookie;

    DataRequest(TransmissionHandler connection) {
        this.connection = connection;
    }

    void begin(long cookie) {
        this.cookie = cookie;
    }

    long cookie() {
        return cookie;
    }

    @Override
    public void completed(IoStatus status) {
        connection.completed(this, status);
    }
}
