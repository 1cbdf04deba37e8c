package io.brickcache.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;

/** A device that passes everything on; planted bugs override what they break. */
class Relay implements BlockDevice {

    private final BlockDevice inner;

    Relay(BlockDevice inner) {
        this.inner = inner;
    }

    @Override
    public Geometry geometry() {
        return inner.geometry();
    }

    @Override
    public void submit(IoRequest request) {
        if (request instanceof ExtentsRequest) {
            // The answer is in the request itself.
            inner.submit(request);
        } else {
            inner.submit(copy(request, request.offset(), request.length(), request.flags(), 0));
        }
    }

    final BlockDevice inner() {
        return inner;
    }

    /** Passes the request on for another range; the answer goes to the request. */
    final void submitInstead(IoRequest request, long offset, long length, int flags, int bufferShift) {
        inner.submit(copy(request, offset, length, flags, bufferShift));
    }

    private static IoRequest copy(IoRequest request, long offset, long length, int flags, int bufferShift) {
        IoRequest copy = new IoRequest() {
            @Override
            public void completed(IoStatus status) {
                request.completed(status);
            }
        };
        if (request.op() == IoOp.READ || request.op() == IoOp.WRITE) {
            copy.prepare(
                    request.op(), offset, (int) length, flags, request.buffer(), request.bufferOffset() + bufferShift);
        } else {
            copy.prepare(request.op(), offset, length, flags);
        }
        return copy;
    }

    @Override
    public String name() {
        return inner.name();
    }

    @Override
    public void close() {
        inner.close();
    }
}
