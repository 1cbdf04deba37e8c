package io.brickcache.cache;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import org.jspecify.annotations.Nullable;

/**
 * A TRIM or WRITE_ZEROES: whole blocks go to the disk in pieces, one after the other ({@link DiskOp}). Of the blocks
 * touched in part, a trim leaves the content as it is (it is advice), zeroes are written like other data; that comes last,
 * so that a disk which refuses fast zeroes has refused before anything is done.
 */
final class RangeOp implements BufferPool.Waiter {

    /** Blocks looked at in one go: bounds the time the loop is kept. */
    private static final int PIECE_BLOCKS = 4096;

    private final CacheCore core;
    private final CachedBrick brick;
    private final IoRequest request;
    private final Parts parts;
    private final int blockBytes;
    private final long end;
    private final long bodyStart;
    private final long bodyEnd;
    private final long headEnd;
    private long body;
    private long head;
    private long tail;
    private long edgeFrom;
    private int edgeLength;
    private @Nullable IoBuffer edge;

    RangeOp(CacheCore core, CachedBrick brick, IoRequest request) {
        this.core = core;
        this.brick = brick;
        this.request = request;
        this.blockBytes = core.shape.blockBytes();
        this.parts = core.takeParts();
        this.end = request.offset() + request.length();
        long start = request.offset();
        boolean toBrickEnd = end == brick.geometry().sizeBytes();
        this.bodyStart = Math.min(end, start + blockBytes - 1 & -blockBytes);
        this.bodyEnd = Math.max(bodyStart, toBrickEnd ? end : end & -blockBytes);
        this.body = bodyStart;
        this.head = start;
        this.headEnd = bodyStart;
        this.tail = bodyEnd;
    }

    void start() {
        parts.start(brick, request);
        parts.wentToDisk();
        step();
    }

    private void step() {
        if (body < bodyEnd) {
            long length = Math.min(bodyEnd - body, (long) PIECE_BLOCKS * blockBytes);
            long block = body >> core.shape.blockShift();
            // Once something is done it is too late to refuse.
            int flags = body == bodyStart ? request.flags() : request.flags() & ~IoRequest.FAST_ZERO;
            body += length;
            brick.opStarted();
            DiskOp op = core.takeDiskOp();
            op.part().set(brick, next(), null, 0, block, 0, (int) length);
            op.startRange(request.op(), flags);
        } else if (request.op() == IoOp.WRITE_ZEROES && head < headEnd) {
            long from = head;
            head = headEnd;
            edge(from, headEnd);
        } else if (request.op() == IoOp.WRITE_ZEROES && tail < end) {
            long from = tail;
            tail = end;
            edge(from, end);
        } else {
            parts.done(IoStatus.OK);
        }
    }

    private void edge(long from, long to) {
        edgeFrom = from;
        edgeLength = (int) (to - from);
        zeroEdge();
    }

    private void zeroEdge() {
        IoBuffer memory = brick.scratch().tryAllocate(blockBytes);
        if (memory == null) {
            brick.scratch().whenAvailable(this);
        } else {
            available(memory);
        }
    }

    @Override
    public int bytesWanted() {
        return blockBytes;
    }

    @Override
    public void available(IoBuffer memory) {
        Zeroes.fill(memory, blockBytes);
        edge = memory;
        long block = edgeFrom >> core.shape.blockShift();
        int lead = (int) edgeFrom & blockBytes - 1;
        brick.opStarted();
        WriteOp op = core.takeWrite();
        op.part().set(brick, next(), memory, 0, block, lead, lead + edgeLength);
        op.start(WriteOp.Around.NO);
    }

    /** The parts of one piece, after which the next follows. */
    private Parts next() {
        Parts piece = core.takeParts();
        brick.opStarted();
        piece.start(brick, new Piece());
        return piece;
    }

    private final class Piece extends IoRequest {
        @Override
        public void completed(IoStatus status) {
            if (edge != null) {
                edge.release();
                edge = null;
            }
            if (status.isOk()) {
                step();
            } else {
                parts.done(status);
            }
        }
    }
}
