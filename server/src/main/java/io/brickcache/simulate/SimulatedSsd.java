package io.brickcache.simulate;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.RequestRules;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.env.Loop;

/**
 * An SSD of which every I/O takes 0.1 ms and its transfer at 500 MB/s, all side by side.
 *
 * <p>It stores nothing: all content of a simulation is zeroes, in every block of every device and in all memory, so that what
 * is read is what was written, and checksums match.
 */
final class SimulatedSsd implements BlockDevice {

    static final long ACCESS_NS = 100_000;
    static final long BYTES_PER_SECOND = 500_000_000;

    private static final int SECTOR_BYTES = 512;
    private static final int PREFERRED_BYTES = 4096;

    final Usage foreground = new Usage();
    final Usage background = new Usage();

    private final Loop loop;
    private final Geometry geometry;

    SimulatedSsd(Loop loop, SsdLayout layout) {
        this.loop = loop;
        this.geometry = new Geometry(layout.areaBytes(), SECTOR_BYTES, PREFERRED_BYTES, false, false, false);
    }

    static long transferNs(long bytes) {
        return bytes * 1_000_000_000 / BYTES_PER_SECOND;
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public String name() {
        return "ssd";
    }

    @Override
    public void submit(IoRequest request) {
        IoStatus refusal = RequestRules.check(geometry, request);
        boolean slots = request.op() == IoOp.FLUSH || request.offset() >= SsdLayout.FIRST_SLOT_OFFSET;
        if (!refusal.isOk() || !slots) {
            throw new IllegalStateException("the SSD of a simulation was asked for " + request + ": " + refusal);
        }
        long costNs = ACCESS_NS + transferNs(request.length());
        Usage usage = request.cause == null ? background : foreground;
        usage.ios++;
        usage.busyNs += costNs;
        if (request.op() == IoOp.READ) {
            usage.readBytes += request.length();
        } else {
            usage.writtenBytes += request.length();
        }
        if (request.cause instanceof ReplayedRequest client) {
            client.ssdStarted(request.length());
            loop.schedule(costNs, () -> {
                client.ssdEnded();
                request.completed(IoStatus.OK);
            });
        } else {
            loop.schedule(costNs, () -> request.completed(IoStatus.OK));
        }
    }

    @Override
    public void close() {}
}
