package io.brickcache.cache;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.env.Loop;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the disk at the blocks of a {@link FenceSample}, in ascending order, a few at a time and for a limited time, and
 * compares checksums. Nothing is changed. A disk that hangs is reported as unreadable; the memory is given back when it
 * answers.
 */
final class FenceComparison implements IoOwner, BufferPool.Waiter {

    /** 256 positionings of a 5400 rpm disk take less. */
    static final long LIMIT_NS = 4_000_000_000L;

    private static final int DEPTH = 4;

    private final CacheCore core;
    private final CachedBrick brick;
    private final int[] slots;
    private final long[] blocks;
    private final boolean[] busy = new boolean[DEPTH];
    private final Consumer<FenceVerdict> listener;
    private @Nullable IoBuffer buffer;
    private Loop.@Nullable Cancellable timer;
    private int next;
    private int pending;
    private boolean over;
    private int compared;
    private int different;
    private int unreadable;
    private long firstDifference = -1;

    FenceComparison(CacheCore core, FenceSample sample, Consumer<FenceVerdict> listener) {
        this.core = core;
        this.brick = sample.brick();
        this.slots = sample.slots();
        this.blocks = new long[slots.length];
        this.listener = listener;
        for (int i = 0; i < slots.length; i++) {
            blocks[i] = core.slots.block(slots[i]);
        }
    }

    void start() {
        if (slots.length == 0 || core.bug == PlantedBug.IGNORES_FENCE) {
            listener.accept(FenceVerdict.NOTHING);
            return;
        }
        IoBuffer memory = core.scratch.tryAllocate(bytesWanted());
        if (memory == null) {
            core.scratch.whenAvailable(this);
        } else {
            available(memory);
        }
    }

    @Override
    public int bytesWanted() {
        return DEPTH * core.shape.blockBytes();
    }

    @Override
    public void available(IoBuffer memory) {
        buffer = memory;
        brick.opStarted();
        timer = core.loop.schedule(LIMIT_NS, this::tooLate);
        pending = 1;
        for (int i = 0; i < DEPTH; i++) {
            readNext(i);
        }
        done();
    }

    private void readNext(int lane) {
        while (!over && next < slots.length && !busy[lane]) {
            int i = next++;
            long offset = blocks[i] << core.shape.blockShift();
            int length =
                    (int) Math.min(core.shape.blockBytes(), brick.geometry().sizeBytes() - offset);
            busy[lane] = true;
            pending++;
            core.io.submitDisk(
                    IoOp.READ,
                    lane,
                    i,
                    1,
                    brick,
                    offset,
                    length,
                    Required.of(buffer),
                    lane * core.shape.blockBytes(),
                    this);
        }
    }

    @Override
    public void ioDone(EngineIo io, IoStatus status) {
        int lane = io.tag;
        if (!over) {
            compare(io, status);
        }
        busy[lane] = false;
        readNext(lane);
        done();
    }

    private void compare(EngineIo io, IoStatus status) {
        int slot = slots[io.index];
        if (core.slots.state(slot) != SlotTable.CLEAN
                || core.slots.key(slot) != SlotTable.key(brick.id(), blocks[io.index])) {
            return;
        }
        if (!status.isOk()) {
            unreadable++;
        } else {
            compared++;
            if (!core.holds(slot, io.buffer(), io.bufferOffset())) {
                different++;
                if (firstDifference < 0 || io.offset() < firstDifference) {
                    firstDifference = io.offset();
                }
            }
        }
    }

    private void tooLate() {
        timer = null;
        unreadable += slots.length - compared - unreadable;
        report();
    }

    private void report() {
        if (!over) {
            over = true;
            listener.accept(new FenceVerdict(compared, different, firstDifference, unreadable));
        }
    }

    private void done() {
        if (--pending > 0) {
            return;
        }
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        Required.of(buffer).release();
        buffer = null;
        report();
        brick.opDone();
    }
}
