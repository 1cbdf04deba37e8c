package io.brickcache.simulate;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.RequestQueue;
import io.brickcache.block.RequestRules;
import io.brickcache.env.Loop;
import org.jspecify.annotations.Nullable;

/**
 * A disk that does one I/O at a time, in the order of asking: who goes first is up to the engine. It has no write cache, so
 * that a FLUSH costs nothing; and no content: memory stays as it is.
 */
final class SimulatedDisk implements BlockDevice {

    private static final int SECTOR_BYTES = 512;
    private static final int PREFERRED_BYTES = 4096;

    final Usage foreground = new Usage();
    final Usage background = new Usage();

    private final Loop loop;
    private final Geometry geometry;
    private final Head head;
    private final DiskModel model;
    private final RequestQueue waiting = new RequestQueue();
    private @Nullable IoRequest current;

    /**
     * @param sizeBytes a multiple of 512
     */
    SimulatedDisk(Loop loop, DiskModel model, long sizeBytes) {
        this.loop = loop;
        this.model = model;
        this.head = new Head(model);
        this.geometry = new Geometry(sizeBytes, SECTOR_BYTES, PREFERRED_BYTES, false, false, false);
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public String name() {
        return model.name();
    }

    @Override
    public void submit(IoRequest request) {
        IoStatus refusal = RequestRules.check(geometry, request);
        if (!refusal.isOk()) {
            throw new IllegalStateException("the disk of a simulation was asked for " + request + ": " + refusal);
        }
        if (request.op() == IoOp.FLUSH) {
            loop.execute(() -> request.completed(IoStatus.OK));
            return;
        }
        if (request instanceof ExtentsRequest extents) {
            extents.add(request.length(), ExtentsRequest.NOT_CACHED);
            request.completed(IoStatus.OK);
            return;
        }
        waiting.add(request);
        serveNext();
    }

    private void serveNext() {
        if (current != null) {
            return;
        }
        IoRequest next = waiting.poll();
        if (next != null) {
            current = next;
            loop.schedule(serve(next), this::served);
        }
    }

    private long serve(IoRequest request) {
        long costNs = head.move(request.offset(), request.length());
        Usage usage = request.cause == null ? background : foreground;
        usage.ios++;
        usage.busyNs += costNs;
        usage.positionings += head.positioned() ? 1 : 0;
        if (request.op() == IoOp.READ) {
            usage.readBytes += request.length();
        } else {
            usage.writtenBytes += request.length();
        }
        if (request.cause instanceof ReplayedRequest client) {
            client.usedDisk(request.op(), costNs);
        }
        return costNs;
    }

    private void served() {
        IoRequest done = current;
        current = null;
        if (done != null) {
            done.completed(IoStatus.OK);
        }
        serveNext();
    }

    @Override
    public void close() {}
}
