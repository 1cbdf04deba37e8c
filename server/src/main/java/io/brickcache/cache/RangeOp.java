package io.brickcache.cache;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import org.jspecify.annotations.Nullable;

/**
 * A TRIM or WRITE_ZEROES: whole blocks go to the disk in pieces, one after the other ({@link DiskOp}). Of the blocks
 * touched in part, a trim leaves the content as it is (it is advice), zeroes are written like other data.
 */
final class RangeOp implements BufferPool.Waiter {

    /** Blocks looked at in one go: bounds the time the loop is kept. */
    private static final int PIECE_BLOCKS = 4096;

    private final CacheCore core;
    private final CachedBrick brick;
    private final IoRequest request;
    private final Parts parts;
    private final int blockBytes;
    private long offset;
    private final long end;
    private int edgeLength;
    private @Nullable IoBuffer edge;

    RangeOp(CacheCore core, CachedBrick brick, IoRequest request) {
        this.core = core;
        this.brick = brick;
        this.request = request;
        this.blockBytes = core.shape.blockBytes();
        this.parts = core.takeParts();
        this.offset = request.offset();
        this.end = request.offset() + request.length();
    }

    void start() {
        parts.start(brick, request);
        step();
    }

    private void step() {
        int lead = (int) offset & blockBytes - 1;
        boolean toBrickEnd = end == brick.geometry().sizeBytes();
        long wholeEnd = toBrickEnd ? end : end & -blockBytes;
        if (offset == end) {
            parts.done(IoStatus.OK);
        } else if (lead == 0 && offset < wholeEnd) {
            long length = Math.min(wholeEnd - offset, (long) PIECE_BLOCKS * blockBytes);
            long block = offset >> core.shape.blockShift();
            offset += length;
            brick.opStarted();
            DiskOp op = core.takeDiskOp();
            op.part().set(brick, next(), null, 0, block, 0, (int) length);
            op.startRange(request.op(), request.flags());
        } else {
            edgeLength = (int) Math.min(end - offset, blockBytes - lead);
            if (request.op() == IoOp.TRIM) {
                offset += edgeLength;
                step();
            } else {
                zeroEdge();
            }
        }
    }

    private void zeroEdge() {
        IoBuffer memory = core.scratch.tryAllocate(blockBytes);
        if (memory == null) {
            core.scratch.whenAvailable(this);
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
        long block = offset >> core.shape.blockShift();
        int lead = (int) offset & blockBytes - 1;
        offset += edgeLength;
        brick.opStarted();
        WriteOp op = core.takeWrite();
        op.part().set(brick, next(), memory, 0, block, lead, lead + edgeLength);
        op.start();
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
