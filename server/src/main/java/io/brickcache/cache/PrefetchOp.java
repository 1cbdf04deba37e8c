package io.brickcache.cache;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import org.jspecify.annotations.Nullable;

/** A CACHE request: reads the range into memory of its own, part by part, so that it is promoted. */
final class PrefetchOp implements BufferPool.Waiter {

    private final CacheCore core;
    private final CachedBrick brick;
    private final IoRequest request;
    private final int blockBytes;
    private final long end;
    private long offset;
    private @Nullable IoBuffer buffer;

    PrefetchOp(CacheCore core, CachedBrick brick, IoRequest request) {
        this.core = core;
        this.brick = brick;
        this.request = request;
        this.blockBytes = core.shape.blockBytes();
        this.offset = request.offset() & -blockBytes;
        this.end = request.offset() + request.length();
    }

    void start() {
        step();
    }

    private void step() {
        if (offset >= end) {
            brick.answer(request, IoStatus.OK);
            return;
        }
        IoBuffer memory = brick.scratch().tryAllocate(bytesWanted());
        if (memory == null) {
            brick.scratch().whenAvailable(this);
        } else {
            available(memory);
        }
    }

    @Override
    public int bytesWanted() {
        return CacheCore.MAX_PART_BYTES;
    }

    @Override
    public void available(IoBuffer memory) {
        buffer = memory;
        long partEnd = Math.min(end, (offset | CacheCore.MAX_PART_BYTES - 1) + 1);
        long block = offset >> core.shape.blockShift();
        int length = (int) (partEnd - offset);
        offset = partEnd + blockBytes - 1 & -blockBytes;
        Parts part = core.takeParts();
        brick.opStarted();
        part.start(brick, new Part());
        brick.opStarted();
        ReadOp op = core.takeRead();
        op.part().set(brick, part, memory, 0, block, 0, length);
        op.start(false);
    }

    private final class Part extends IoRequest {
        @Override
        public void completed(IoStatus status) {
            IoBuffer done = Required.of(buffer);
            buffer = null;
            done.release();
            if (status.isOk()) {
                step();
            } else {
                brick.answer(request, status);
            }
        }
    }
}
