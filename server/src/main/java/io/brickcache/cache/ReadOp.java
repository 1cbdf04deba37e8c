package io.brickcache.cache;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.LostRange;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.cache.policy.EvictionPolicy.Arrival;
import org.jspecify.annotations.Nullable;

/**
 * Reads a part of a request: hits from the SSD, the rest from the disk, both at once; then answers, then promotes what
 * came from the disk.
 *
 * <p>It takes no gate. A slot it reads stays as it is until the read has left its epoch. What it read from the disk a
 * {@link Promotion} takes to the SSD.
 */
final class ReadOp implements IoOwner, BufferPool.Waiter {

    private static final byte HIT = 0;
    private static final byte MISS = 1;
    /** On the SSD in part, and not all that is asked: disk and SSD are read and laid over one another. */
    private static final byte PARTIAL = 2;

    private static final int FROM_SSD = 0;
    private static final int TO_SCRATCH = 1;
    private static final int FROM_DISK = 2;

    /** So often a read waits for what is being read around before it reads the disk itself. */
    private static final int MAX_WAITS = 4;

    private static final int MAX_TRIES = 8;
    /** So often a dirty block is read before it counts as lost: a transfer may fail once. */
    private static final int LOST_TRIES = 3;

    private final CacheCore core;
    private final int blockBytes;
    private final byte[] kinds;
    private final int[] slotOf;
    /** What the slot of a block held when it was looked up. */
    private final long[] maskOf;
    /** Why the slot of a block could not be read, or null. */
    private final LostRange.@Nullable Cause[] failures;

    private final Part part;
    private final Promotion promotion;
    private final ReadExtent extent;
    private @Nullable IoBuffer overlay;
    private @Nullable Epoch epoch;
    private int ssdPending;
    private int pending;
    private int partials;
    private int misses;
    private int tries;
    private boolean damaged;
    private boolean answered;
    private boolean around;
    private boolean stream;
    private int waits;
    private final Runnable resumption = this::begin;
    private IoStatus status = IoStatus.OK;

    ReadOp(CacheCore core) {
        this.core = core;
        this.part = new Part(core.shape);
        this.blockBytes = core.shape.blockBytes();
        this.kinds = new byte[core.maxPartBlocks];
        this.slotOf = new int[core.maxPartBlocks];
        this.maskOf = new long[core.maxPartBlocks];
        this.failures = new LostRange.Cause[core.maxPartBlocks];
        this.promotion = new Promotion(core, part, this::finish);
        this.extent = new ReadExtent(core.shape);
    }

    /** What to read: filled before {@link #start}. */
    Part part() {
        return part;
    }

    /**
     * Reads for a client.
     *
     * @param ofStream it belongs to a stream so long that its blocks would not be found again: those that it reads whole are
     *     not promoted. Of the others the next request of the stream needs the rest.
     */
    void start(boolean ofStream) {
        around = false;
        stream = ofStream;
        restart();
    }

    /** Reads for nobody: what is not on the SSD comes there, nothing else is touched. */
    void startAround() {
        around = true;
        stream = false;
        restart();
    }

    private void restart() {
        tries = 0;
        promotion.reset(around ? Arrival.AROUND : Arrival.READ);
        answered = false;
        waits = around ? MAX_WAITS : 0;
        begin();
    }

    /** Goes on after {@link Neighbourhood#delays}. */
    Runnable resumption() {
        return resumption;
    }

    private void begin() {
        CachedBrick of = part.brick();
        if (of.lost().isGone(part.offset(), part.bytes())) {
            releaseOverlay();
            status = IoStatus.IO_ERROR;
            answer();
            return;
        }
        partials = 0;
        misses = 0;
        long whole = core.shape.fullMask();
        for (int i = 0; i < part.blocks(); i++) {
            int slot = core.find(of, part.firstBlock() + i);
            slotOf[i] = slot;
            failures[i] = null;
            maskOf[i] = slot == SlotTable.NONE ? 0 : core.slots.validMask(slot);
            if (maskOf[i] == whole || around && slot != SlotTable.NONE) {
                kinds[i] = HIT;
            } else if (slot == SlotTable.NONE || !core.takesSlots() && (needed(i) & maskOf[i]) == 0) {
                // A slot that holds nothing of what is asked for is left alone if it could not be made whole either.
                kinds[i] = MISS;
                misses++;
            } else if ((needed(i) & ~maskOf[i]) == 0 || core.bug == PlantedBug.IGNORES_VALIDITY) {
                kinds[i] = HIT;
            } else {
                kinds[i] = PARTIAL;
                partials++;
            }
        }
        if (misses + partials > 0
                && tries == 0
                && waits < MAX_WAITS
                && of.neighbourhood().delays(this)) {
            waits++;
            goOnBehind(of);
            return;
        }
        if (partials > 0 && (overlay == null || overlay.capacity() < partials * blockBytes)) {
            releaseOverlay();
            overlay = part.brick().merging().tryAllocate(partials * blockBytes);
            if (overlay == null) {
                part.brick().merging().whenAvailable(this);
                return;
            }
        }
        boolean first = tries == 0 && !around;
        if (first) {
            count(of);
        }
        status = IoStatus.OK;
        damaged = false;
        pending = 1;
        ssdPending = 1;
        epoch = core.committer.enterReader();
        if (misses + partials > 0) {
            if (around) {
                extent.chooseWhole(part.to());
            } else {
                int cluster = core.copiesReads() ? of.neighbourhood().clusterBytes() : 0;
                extent.choose(part.from(), part.to(), cluster, stream);
            }
            allowPromotion(of);
        }
        if (!around) {
            readSsd();
        }
        if (first && misses > 0) {
            readDiskAround(of);
        } else {
            readDisk(of);
        }
        ssdDone();
        partDone();
    }

    /**
     * This part waits for blocks that are being read around; what is behind them is read meanwhile, while the disk is near.
     */
    private void goOnBehind(CachedBrick of) {
        int rest = of.neighbourhood().endOfReading(this);
        if (rest < part.blocks()) {
            ReadOp behind = core.takeRead();
            part.split(rest, behind.part);
            part.parts().add();
            of.opStarted();
            behind.start(stream);
        }
    }

    private void readDiskAround(CachedBrick of) {
        int firstMiss = 0;
        while (!isMiss(firstMiss)) {
            firstMiss++;
        }
        int lastMiss = part.blocks() - 1;
        while (!isMiss(lastMiss)) {
            lastMiss--;
        }
        of.neighbourhood().readBefore(part, firstMiss);
        readDisk(of);
        of.neighbourhood().readAfter(part, lastMiss);
    }

    private boolean isMiss(int i) {
        return kinds[i] == MISS;
    }

    /** Units of block {@code i} that are asked for and were not on the SSD when it was looked up. */
    long missingUnits(int i) {
        return kinds[i] == HIT ? 0 : needed(i) & ~maskOf[i];
    }

    private boolean isWholeOfStream(int i) {
        return stream && (part.toIn(i) - part.fromIn(i)) == blockBytes;
    }

    private void count(CachedBrick of) {
        for (int i = 0; i < part.blocks(); i++) {
            if (slotOf[i] == SlotTable.NONE) {
                of.counters().streamReadBlocks += isWholeOfStream(i) ? 1 : 0;
            } else if (isWholeOfStream(i)) {
                core.passed(slotOf[i]);
            } else {
                core.policy.accessed(slotOf[i]);
            }
        }
        of.neighbourhood().read(this);
        of.heat().read(of.regions().regionOf(part.firstBlock()), misses + partials == 0, of.requestTick());
        of.counters().readHitBlocks += part.blocks() - misses - partials;
        of.counters().readMissBlocks += misses + partials;
    }

    /** Units of block {@code i} that are asked for. */
    private long needed(int i) {
        return core.shape.cover(part.fromIn(i), part.toIn(i));
    }

    private void allowPromotion(CachedBrick of) {
        for (int i = 0; i < part.blocks(); i++) {
            long read = extent.units(i) & of.fullMask(part.firstBlock() + i);
            // The disk's part of a block that has lost some is not the block.
            if (kinds[i] == HIT
                    || (read & ~maskOf[i]) == 0
                    || stream && (read & ~needed(i)) == 0
                    || of.lost().isGone(part.offset(i), blockBytes)) {
                promotion.forbid(i);
            } else {
                boolean partial = kinds[i] == PARTIAL;
                promotion.allow(i, partial ? slotOf[i] : SlotTable.NONE, partial ? read | maskOf[i] : read);
            }
        }
        promotion.watch();
    }

    private void readSsd() {
        int scratchAt = 0;
        int i = 0;
        while (i < part.blocks()) {
            if (kinds[i] == HIT) {
                int run = 1;
                // One by one when a run has failed: only what is damaged may fail.
                while (tries == 0
                        && i + run < part.blocks()
                        && kinds[i + run] == HIT
                        && slotOf[i + run] == slotOf[i] + run) {
                    run++;
                }
                ssdPending++;
                pending++;
                core.io.submitSlots(IoOp.READ, FROM_SSD, i, slotOf[i], run, part.buffer(), part.at(i), this);
                i += run;
            } else {
                if (kinds[i] == PARTIAL) {
                    ssdPending++;
                    pending++;
                    core.io.submitSlots(IoOp.READ, TO_SCRATCH, i, slotOf[i], 1, overlay(), scratchAt, this);
                    scratchAt += blockBytes;
                }
                i++;
            }
        }
    }

    private void readDisk(CachedBrick of) {
        int i = 0;
        while (i < part.blocks()) {
            int run = 0;
            while (i + run < part.blocks() && kinds[i + run] != HIT) {
                run++;
            }
            if (run > 0) {
                int from = extent.start(i);
                long ofBrick = of.geometry().sizeBytes() - part.offset(0);
                int length = (int) Math.min(extent.end(i + run - 1), ofBrick) - from;
                pending++;
                of.regret().used(of.head(), part.offset(0) + from);
                core.io.submitDisk(
                        IoOp.READ,
                        FROM_DISK,
                        i,
                        run,
                        of,
                        part.offset(0) + from,
                        length,
                        part.buffer(),
                        part.at(0) + from,
                        this);
            }
            i += run + 1;
        }
    }

    @Override
    public @Nullable IoRequest cause() {
        return answered || around ? null : part.parts().request();
    }

    @Override
    public void ioDone(EngineIo io, IoStatus ioStatus) {
        switch (io.tag) {
            case FROM_SSD, TO_SCRATCH -> {
                check(io, ioStatus);
                ssdDone();
                partDone();
            }
            default -> {
                if (!ioStatus.isOk()) {
                    part.brick().counters().diskReadErrors++;
                    status = status.and(ioStatus);
                }
                partDone();
            }
        }
    }

    private void check(EngineIo io, IoStatus ioStatus) {
        CachedBrick of = part.brick();
        if (!ioStatus.isOk()) {
            of.counters().ssdReadErrors++;
        }
        for (int k = 0; k < io.count; k++) {
            int i = io.index + k;
            int slot = io.slot + k;
            if (ioStatus.isOk() && core.matches(slot, io.buffer(), io.bufferOffset() + k * blockBytes)) {
                of.lost().readable(part.offset(i), blockBytes);
                continue;
            }
            if (ioStatus.isOk()) {
                of.counters().checksumErrors++;
            }
            damaged = true;
            failures[i] = ioStatus.isOk() ? LostRange.Cause.CHECKSUM : LostRange.Cause.READ_ERROR;
            core.dropDamaged(of, part.firstBlock() + i, slot);
        }
    }

    private void ssdDone() {
        if (--ssdPending == 0) {
            Epoch done = Required.of(epoch);
            epoch = null;
            core.committer.exitReader(done);
        }
    }

    private void partDone() {
        if (--pending > 0) {
            return;
        }
        if (damaged) {
            tries++;
            if (tries < LOST_TRIES || tries < MAX_TRIES && !isLost()) {
                begin();
                return;
            }
            listLost();
        }
        if (partials > 0) {
            layOver();
        }
        releaseOverlay();
        answer();
    }

    /** True if a slot failed that is dirty and still what its block has. */
    private boolean isLost() {
        for (int i = 0; i < part.blocks(); i++) {
            if (failures[i] != null && isLost(i)) {
                return true;
            }
        }
        return false;
    }

    private boolean isLost(int i) {
        return core.find(part.brick(), part.firstBlock() + i) == slotOf[i]
                && core.slots.state(slotOf[i]) == SlotTable.DIRTY;
    }

    /** What was asked of a failed slot is an error; what of its block only the disk has is not. */
    private void listLost() {
        for (int i = 0; i < part.blocks(); i++) {
            LostRange.Cause cause = failures[i];
            if (cause == null) {
                continue;
            }
            if (isLost(i)) {
                part.brick().lost().addUnits(part.firstBlock() + i, maskOf[i], cause);
            }
            promotion.forbid(i);
            if ((needed(i) & maskOf[i]) != 0) {
                status = IoStatus.IO_ERROR;
            }
        }
    }

    private void layOver() {
        int scratchAt = 0;
        for (int i = 0; i < part.blocks(); i++) {
            if (kinds[i] == PARTIAL) {
                if (failures[i] == null) {
                    Copies.units(core.shape, maskOf[i], overlay(), scratchAt, part.buffer(), part.at(i));
                }
                scratchAt += blockBytes;
            }
        }
    }

    private void answer() {
        boolean promotes = status.isOk() && promotion.isWorthwhile();
        if (promotes) {
            part.buffer().retain();
        }
        answered = true;
        part.parts().done(status);
        if (promotes) {
            promotion.start();
        } else {
            finish();
        }
    }

    private void finish() {
        CachedBrick of = part.brick();
        promotion.unwatch();
        if (around) {
            of.neighbourhood().finished(part);
        }
        part.clear();
        core.recycle(this);
        of.opDone();
    }

    private void releaseOverlay() {
        if (overlay != null) {
            overlay.release();
            overlay = null;
        }
    }

    @Override
    public int bytesWanted() {
        return partials * blockBytes;
    }

    @Override
    public void available(IoBuffer scratch) {
        overlay = scratch;
        begin();
    }

    private IoBuffer overlay() {
        return Required.of(overlay);
    }
}
