package io.brickcache.cache;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.LostRange;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.env.Loop;
import org.jspecify.annotations.Nullable;

/**
 * Reads all slots of a cache in their order and compares them with their checksums, at most 256 KiB at a time and no faster
 * than it is told. What does not match is read again; what stays so is dropped and read from the disk when it is clean, and
 * listed as lost when it is dirty.
 *
 * <p>While clients have requests under way it rests four times as long as its last read took. It holds memory only
 * during a read.
 */
final class ScrubOp implements IoOwner, BufferPool.Waiter {

    private static final int BATCH_BYTES = 256 << 10;
    /** Slots looked at in one round of the loop that may all be empty. */
    private static final int MAX_LOOKS = 1 << 16;

    /** Blocks read from the disks at once; more are left to those who want them. */
    private static final int MAX_REFILLING = 8;

    private static final int REST = 4;
    private static final long MAX_REST_NS = 1_000_000_000L;
    private static final double SECOND_NS = 1e9;

    private final CacheCore core;
    private final long bytesPerSecond;
    private final ScrubListener listener;
    private final int blockBytes;
    private final long total;
    private int next;
    private int pending;
    private int refilling;
    private long checked;
    private long healed;
    private long lost;
    private long startedNs;
    private int batchBytes;
    private IoStatus status = IoStatus.OK;
    private @Nullable IoBuffer buffer;
    private @Nullable Epoch epoch;
    private Loop.@Nullable Cancellable pause;
    private boolean cancelled;

    /** From slot {@code first} on, at {@code bytesPerSecond}. */
    ScrubOp(CacheCore core, int first, long bytesPerSecond, ScrubListener listener) {
        this.core = core;
        this.next = first;
        this.bytesPerSecond = bytesPerSecond;
        this.listener = listener;
        this.blockBytes = core.shape.blockBytes();
        this.total = core.mappedSlots();
    }

    void start() {
        core.loop.execute(this::step);
    }

    /** Ends it soon; the listener hears SHUTDOWN unless it has ended by itself. */
    void cancel() {
        cancelled = true;
        if (pause != null) {
            pause.cancel();
            pause = null;
            core.loop.execute(this::step);
        }
    }

    /** All slots below it have been checked. */
    int next() {
        return next;
    }

    private void step() {
        pause = null;
        if (!status.isOk()) {
            listener.finished(report(), status);
        } else if (cancelled || !listener.progress(report())) {
            listener.finished(report(), IoStatus.SHUTDOWN);
        } else {
            look();
        }
    }

    private ScrubReport report() {
        return new ScrubReport(checked, Math.max(checked, total), healed, lost);
    }

    private void look() {
        int end = (int) Math.min(core.slots.slots(), (long) next + MAX_LOOKS);
        while (next < end && !core.slots.isMapped(next)) {
            next++;
        }
        if (next < end) {
            buffer = core.scratch.tryAllocate(bytesWanted());
            if (buffer == null) {
                core.scratch.whenAvailable(this);
            } else {
                read();
            }
        } else if (next < core.slots.slots()) {
            core.loop.execute(this::step);
        } else {
            listener.finished(report(), IoStatus.OK);
        }
    }

    @Override
    public int bytesWanted() {
        return BATCH_BYTES;
    }

    @Override
    public void available(IoBuffer memory) {
        buffer = memory;
        read();
    }

    private void read() {
        int run = 0;
        int most = Math.min(BATCH_BYTES / blockBytes, core.slots.slots() - next);
        while (run < most && core.slots.isMapped(next + run)) {
            run++;
        }
        startedNs = core.loop.clock().nanoTime();
        batchBytes = run * blockBytes;
        pending = 1;
        epoch = core.committer.enterReader();
        if (run > 0) {
            pending++;
            core.io.submitSlots(IoOp.READ, 0, 0, next, run, Required.of(buffer), 0, this);
        }
        next += run;
        done();
    }

    @Override
    public void ioDone(EngineIo io, IoStatus ioStatus) {
        for (int k = 0; k < io.count; k++) {
            int slot = io.slot + k;
            if (!core.slots.isMapped(slot)) {
                continue;
            }
            CachedBrick brick = core.brickOf(slot);
            checked++;
            if (ioStatus.isOk() && core.matches(slot, io.buffer(), k * blockBytes)) {
                found(brick, slot);
                continue;
            }
            if (ioStatus.isOk()) {
                brick.counters().checksumErrors++;
            } else {
                brick.counters().ssdReadErrors++;
            }
            pending++;
            new SecondLook(core, slot, io.buffer(), k * blockBytes, (verdict, cause) -> {
                        looked(brick, slot, verdict, cause);
                        done();
                    })
                    .start();
        }
        done();
    }

    private void found(CachedBrick brick, int slot) {
        brick.lost().readable(core.slots.block(slot) << core.shape.blockShift(), blockBytes);
    }

    private void looked(CachedBrick brick, int slot, SecondLook.Verdict verdict, LostRange.Cause cause) {
        if (!core.slots.isMapped(slot)) {
            return;
        }
        switch (verdict) {
            case READABLE -> found(brick, slot);
            case UNREACHABLE -> status = IoStatus.IO_ERROR;
            case LOST -> {
                long block = core.slots.block(slot);
                if (core.slots.state(slot) == SlotTable.DIRTY) {
                    lost++;
                    brick.lost().addUnits(block, core.slots.validMask(slot), cause);
                } else {
                    healed++;
                    core.retire(slot);
                    refill(brick, block);
                }
            }
        }
    }

    /**
     * Like a client that wants the block in the cache: where there is no room for it, it need not be there. Not waited for,
     * since the disk may hang.
     */
    private void refill(CachedBrick brick, long block) {
        if (refilling == MAX_REFILLING) {
            return;
        }
        refilling++;
        long offset = block << core.shape.blockShift();
        Refill request = new Refill();
        request.prepare(
                IoOp.CACHE, offset, Math.min(blockBytes, brick.geometry().sizeBytes() - offset), 0);
        brick.submit(request);
    }

    private final class Refill extends IoRequest {
        @Override
        public void completed(IoStatus refilled) {
            refilling--;
        }
    }

    private void done() {
        if (--pending > 0) {
            return;
        }
        core.committer.exitReader(Required.of(epoch));
        epoch = null;
        Required.of(buffer).release();
        buffer = null;
        if (cancelled) {
            core.loop.execute(this::step);
        } else {
            rest();
        }
    }

    private void rest() {
        long tookNs = core.loop.clock().nanoTime() - startedNs;
        long dueNs = (long) (batchBytes * SECOND_NS / bytesPerSecond) - tookNs;
        if (core.isAnyBrickBusy()) {
            dueNs = Math.max(dueNs, Math.min(MAX_REST_NS, REST * tookNs));
        }
        pause = core.loop.schedule(Math.max(0, dueNs), this::step);
    }
}
