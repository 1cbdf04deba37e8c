package io.brickcache.simulate;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.env.sim.SimLoop;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * The clients: asks a brick for what the trace says, at the times of the trace but never more than
 * {@link #MAX_UNDER_WAY} at once, or, if it has no times, the next when the last one is answered. Requests that find no memory wait for it, in order, as clients of the service do.
 */
final class Replay {

    /** Requests under way at once: a client has so many tags, and asks no more before one is answered. */
    static final int MAX_UNDER_WAY = 32;

    /** Of the requests under way. */
    static final int MEMORY_BYTES = 128 << 20;

    private static final int PROGRESS_STEP = 1000;

    final Latencies reads = new Latencies();
    final Latencies writes = new Latencies();
    long readsWithoutDisk;
    long writesAround;
    long writtenBlocks;
    long writtenBlocksCached;
    long writesCached;

    private final Trace trace;
    private final SimLoop loop;
    private final BlockDevice brick;
    private final int blockBytes;
    private final boolean closedLoop;
    private final int depth;
    private final BufferPool memory;
    private final LongConsumer progress;
    private final Deque<ReplayedRequest> spare = new ArrayDeque<>();
    private final Residency residency = new Residency();
    private long startNs;
    private int next;
    private int underWay;
    private int answered;
    private boolean alarmed;

    /** Asks the cache which blocks it has. */
    private static final class Residency extends ExtentsRequest {
        @Override
        public void completed(IoStatus status) {}
    }

    /**
     * @param brick a cached brick, or a disk
     * @param blockBytes of the cache
     * @param progress hears now and then how many requests have been answered
     */
    Replay(
            Trace trace,
            SimLoop loop,
            BlockDevice brick,
            int blockBytes,
            boolean closedLoop,
            BufferPool memory,
            LongConsumer progress) {
        this.trace = trace;
        this.loop = loop;
        this.brick = brick;
        this.blockBytes = blockBytes;
        this.closedLoop = closedLoop;
        this.depth = closedLoop ? 1 : MAX_UNDER_WAY;
        this.memory = memory;
        this.progress = progress;
    }

    /** Runs until everything is answered. */
    void run() {
        startNs = loop.nowNs();
        loop.execute(this::arrive);
        if (!loop.runUntil(() -> answered == trace.count())) {
            throw new IllegalStateException(
                    (trace.count() - answered) + " requests of " + trace.name() + " are never answered");
        }
    }

    /** Takes up what is due and has room, and comes back for what is due later. */
    private void arrive() {
        while (next < trace.count() && underWay < depth && dueNs(next) <= loop.nowNs()) {
            take();
        }
        if (next < trace.count() && underWay < depth && !alarmed) {
            alarmed = true;
            loop.schedule(dueNs(next) - loop.nowNs(), () -> {
                alarmed = false;
                arrive();
            });
        }
    }

    private long dueNs(int i) {
        return closedLoop ? startNs : startNs + trace.timeNs(i);
    }

    private void take() {
        ReplayedRequest request = spare.isEmpty() ? new ReplayedRequest(this) : spare.pop();
        int i = next++;
        underWay++;
        int bytes = trace.length(i) == 0 ? 0 : roundUp(lead(i) + trace.length(i));
        request.begin(i, closedLoop ? loop.nowNs() : dueNs(i), bytes);
        if (trace.op(i) == TraceOp.FLUSH) {
            request.prepareFlush();
            brick.submit(request);
        } else {
            memory.whenAvailable(request);
        }
    }

    private int lead(int i) {
        return (int) (trace.offset(i) & blockBytes - 1);
    }

    private int roundUp(int bytes) {
        return bytes + blockBytes - 1 & -blockBytes;
    }

    void submit(ReplayedRequest request, IoBuffer buffer) {
        int i = request.index;
        TraceOp op = trace.op(i);
        request.buffer = buffer;
        request.prepare(
                op.isWrite() ? IoOp.WRITE : IoOp.READ,
                trace.offset(i),
                trace.length(i),
                op == TraceOp.WRITE_FUA ? IoRequest.FUA : 0,
                buffer,
                lead(i));
        if (op.isWrite()) {
            countResident(i);
        }
        brick.submit(request);
    }

    private void countResident(int i) {
        long from = trace.offset(i) - lead(i);
        long blocks = roundUp(lead(i) + trace.length(i)) / blockBytes;
        long cached = 0;
        long end = Math.min(from + blocks * blockBytes, brick.geometry().sizeBytes());
        for (long at = from; at < end; ) {
            residency.prepareExtents(ExtentsRequest.Context.RESIDENCY, at, end - at);
            brick.submit(residency);
            for (int k = 0; k < residency.count(); k++) {
                if (residency.extentState(k) != ExtentsRequest.NOT_CACHED) {
                    cached += (residency.extentLength(k) + blockBytes - 1) / blockBytes;
                }
                at += residency.extentLength(k);
            }
        }
        writtenBlocks += blocks;
        writtenBlocksCached += cached;
        writesCached += cached == blocks ? 1 : 0;
    }

    void answered(ReplayedRequest request, IoStatus status) {
        if (!status.isOk()) {
            throw new IllegalStateException(
                    "request " + request.index + " of " + trace.name() + ", " + request + ", was answered " + status);
        }
        TraceOp op = trace.op(request.index);
        if (op != TraceOp.FLUSH) {
            Objects.requireNonNull(request.buffer).release();
            request.buffer = null;
            long latencyNs = loop.nowNs() - request.arrivedNs;
            (op.isWrite() ? writes : reads).add(latencyNs, request.serviceNs());
            readsWithoutDisk += op.isWrite() || request.hasReadDisk() ? 0 : 1;
            writesAround += op.isWrite() && request.hasWrittenDisk() ? 1 : 0;
        }
        spare.push(request);
        if (++answered % PROGRESS_STEP == 0) {
            progress.accept(answered);
        }
        underWay--;
        if (next < trace.count()) {
            loop.execute(this::arrive);
        }
    }
}
