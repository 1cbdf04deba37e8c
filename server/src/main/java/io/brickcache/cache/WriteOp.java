package io.brickcache.cache;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.data.SlotAllocator;
import io.brickcache.cache.index.LostRange.Cause;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.cache.policy.EvictionPolicy.Arrival;
import org.jspecify.annotations.Nullable;

/**
 * Writes a part of a request to new slots (R1) and maps them when all of them are written: the part is in one epoch or
 * in none. A block written in part is merged with the slot it has; without one, only its units are valid and the disk is
 * not read. Of a unit that the write brings in part the rest must be in that slot, otherwise the write goes around. The
 * rest of a dirty slot that is damaged for good is given up ({@link LostBlocks}). With no free slot, or when
 * the SSD fails, the part goes around ({@link DiskOp}); the client may have been answered before ({@link WritesBehind}).
 */
final class WriteOp extends Gates.Holder implements IoOwner, BufferPool.Waiter {

    private static final int MERGE = 0;
    private static final int STORE = 1;

    /** Why the write goes around. */
    enum Around {
        NO,
        FULL,
        SSD_ERROR,
        UNALIGNED,
        UNSYNCED,
        STREAM,
        NO_GAIN
    }

    private final CacheCore core;
    private final int blockBytes;
    private final int[] slotOf;
    private final long[] maskOf;
    private final int[] checksumOf;

    /** Units of the first and of the last block that the write does not bring and nobody can read. */
    private final long[] lostUnits = new long[2];

    private final Cause[] lostBy = {Cause.READ_ERROR, Cause.READ_ERROR};

    private final Part part;
    private @Nullable IoBuffer merge;
    private @Nullable Epoch epoch;
    private int allocated;
    private int pending;
    private int syncFailures;
    private boolean unreachable;
    private Around advice = Around.NO;
    private final Runnable resumption = this::enter;
    /** For {@link WriteBrake}: when it began to wait. */
    long heldAtNs;

    private Around around = Around.NO;

    WriteOp(CacheCore core) {
        this.core = core;
        this.part = new Part(core.shape);
        this.blockBytes = core.shape.blockBytes();
        this.slotOf = new int[core.maxPartBlocks];
        this.maskOf = new long[core.maxPartBlocks];
        this.checksumOf = new int[core.maxPartBlocks];
    }

    /** What to write: filled before {@link #start}. */
    Part part() {
        return part;
    }

    /**
     * Writes for a client.
     *
     * @param newAdvice why the disk is better off without the cache: STREAM, NO_GAIN, or NO
     */
    void start(Around newAdvice) {
        advice = newAdvice;
        allocated = 0;
        unreachable = false;
        lostUnits[0] = 0;
        lostUnits[1] = 0;
        if (advice != Around.NO || !core.brake.holds(this)) {
            enter();
        }
    }

    private void enter() {
        if (core.bug != PlantedBug.FAILS_WHEN_FULL && goesAroundAnyway() && isAlone()) {
            countAround();
            DiskOp disk = core.takeDiskOp();
            disk.part().moveFrom(part);
            disk.startAlone();
            recycle();
        } else {
            part.brick().gates().enter(this, Gates.Kind.WRITE, part.firstBlock(), part.lastBlock());
        }
    }

    /** True if the part goes around unless its blocks have slots. */
    private boolean goesAroundAnyway() {
        around = hindrance();
        if (around == Around.NO && !core.shape.isAligned(part.from(), part.to())) {
            around = Around.UNALIGNED;
        } else if (around == Around.NO && core.allocator.freeCount() < part.blocks()) {
            around = Around.FULL;
        }
        return around != Around.NO;
    }

    /** What keeps the part from the SSD, whichever blocks it has. */
    private Around hindrance() {
        if (!core.takesSlots() || DirtyMarks.isRefused(part.brick())) {
            return Around.SSD_ERROR;
        }
        boolean follows = advice != Around.NO && (part.brick().regret().isSparingAll() || !isDirty());
        return follows ? advice : Around.NO;
    }

    /** True if a block of the part has to go to the disk later anyway: to write it again costs the disk nothing. */
    private boolean isDirty() {
        for (int i = 0; i < part.blocks(); i++) {
            int slot = core.find(part.brick(), part.firstBlock() + i);
            if (slot != SlotTable.NONE && core.slots.state(slot) == SlotTable.DIRTY) {
                return true;
            }
        }
        return false;
    }

    /** True if none of the blocks has a slot or is being written to one. */
    private boolean isAlone() {
        return core.hasNoSlots(part)
                && part.brick()
                        .gates()
                        .admitsAround(part.firstBlock(), part.lastBlock(), part.offset(), part.offset() + part.bytes());
    }

    /** Goes on after {@link WriteBrake#holds}. */
    Runnable resumption() {
        return resumption;
    }

    @Override
    void entered() {
        part.brick().promotions().invalidate(part.firstBlock(), part.lastBlock());
        around = hindrance();
        if (around == Around.NO) {
            for (int i = 0; i < part.blocks(); i++) {
                maskOf[i] = core.shape.mask(part.fromIn(i), part.toIn(i));
            }
            if (isSplit(0, missing(0)) || isSplit(part.blocks() - 1, missing(part.blocks() - 1))) {
                around = Around.UNALIGNED;
            }
        }
        if (around == Around.NO) {
            mergeEdges();
        } else {
            leaveAround();
        }
    }

    /** True if the write brings only a part of a unit of block {@code i}, and the rest of it is not among those kept. */
    private boolean isSplit(int i, long kept) {
        return (core.shape.cover(part.fromIn(i), part.toIn(i)) & ~(maskOf[i] | kept)) != 0;
    }

    /** Only the first and the last block can be written in part. */
    private void mergeEdges() {
        boolean head = missing(0) != 0;
        boolean tail = part.blocks() > 1 && missing(part.blocks() - 1) != 0;
        if (!head && !tail) {
            store();
            return;
        }
        if (merge == null) {
            merge = part.brick().merging().tryAllocate(bytesWanted());
            if (merge == null) {
                part.brick().merging().whenAvailable(this);
                return;
            }
        }
        pending = 1;
        epoch = core.committer.enterReader();
        if (head) {
            readForMerge(0);
        }
        if (tail) {
            readForMerge(part.blocks() - 1);
        }
        mergeDone();
    }

    /** Units that the block's slot holds and the write does not bring, or not whole. */
    private long missing(int i) {
        int slot = core.find(part.brick(), part.firstBlock() + i);
        return slot == SlotTable.NONE || core.bug == PlantedBug.SKIPS_MERGE
                ? 0
                : core.slots.validMask(slot) & ~maskOf[i];
    }

    private void readForMerge(int i) {
        pending++;
        int slot = core.find(part.brick(), part.firstBlock() + i);
        core.io.submitSlots(IoOp.READ, MERGE, i, slot, 1, Required.of(merge), edge(i) * blockBytes, this);
    }

    @Override
    public int bytesWanted() {
        return 2 * blockBytes;
    }

    @Override
    public void available(IoBuffer scratch) {
        merge = scratch;
        mergeEdges();
    }

    @Override
    public IoRequest cause() {
        return part.parts().request();
    }

    @Override
    public void ioDone(EngineIo io, IoStatus status) {
        if (io.tag == MERGE) {
            merged(io, status);
            mergeDone();
        } else {
            if (!status.isOk() && core.bug != PlantedBug.SHOWS_TORN_WRITES) {
                part.brick().counters().ssdWriteErrors++;
                around = Around.SSD_ERROR;
            }
            storeDone();
        }
    }

    private void merged(EngineIo io, IoStatus status) {
        CachedBrick of = part.brick();
        int i = io.index;
        int slot = io.slot;
        if (status.isOk() && core.matches(slot, io.buffer(), io.bufferOffset())) {
            keep(i, slot);
            return;
        }
        if (status.isOk()) {
            of.counters().checksumErrors++;
        } else {
            of.counters().ssdReadErrors++;
        }
        // A clean block needs no merge: what the write does not bring is on the disk.
        if (!core.dropDamaged(of, part.firstBlock() + i, slot)) {
            pending++;
            int at = edge(i) * blockBytes;
            new SecondLook(core, slot, Required.of(merge), at, (verdict, cause) -> looked(i, slot, verdict, cause))
                    .start();
        }
    }

    private void looked(int i, int slot, SecondLook.Verdict verdict, Cause cause) {
        switch (verdict) {
            case READABLE -> keep(i, slot);
            case LOST -> {
                lostUnits[edge(i)] = core.slots.validMask(slot) & ~maskOf[i];
                lostBy[edge(i)] = cause;
            }
            case UNREACHABLE -> {
                part.brick().lost().addUnits(part.firstBlock() + i, core.slots.validMask(slot), cause);
                unreachable = true;
            }
        }
        mergeDone();
    }

    /** Where the block is among the two that may be written in part. */
    private static int edge(int i) {
        return i == 0 ? 0 : 1;
    }

    /** What the slot has and the write does not bring goes along with the write. */
    private void keep(int i, int slot) {
        part.brick().lost().readable(part.offset(i), blockBytes);
        boolean all = core.bug == PlantedBug.MERGES_INVALID;
        long kept = (all ? part.brick().fullMask(part.firstBlock() + i) : core.slots.validMask(slot)) & ~maskOf[i];
        Copies.unitsOutside(
                core.shape,
                kept,
                Required.of(merge),
                edge(i) * blockBytes,
                part.buffer(),
                part.at(i),
                part.fromIn(i),
                part.toIn(i));
        maskOf[i] |= kept;
    }

    private void mergeDone() {
        if (--pending > 0) {
            return;
        }
        core.committer.exitReader(Required.of(epoch));
        epoch = null;
        Required.of(merge).release();
        merge = null;
        if (unreachable) {
            // The rest of the block may come back with the SSD: the write must not be the end of it.
            finish(IoStatus.IO_ERROR);
        } else {
            store();
        }
    }

    private void store() {
        pending = 1;
        syncFailures = core.rescue.syncFailures();
        if (!core.takesSlots()) {
            around = Around.SSD_ERROR;
        } else if (mustWriteAround(0) || mustWriteAround(part.blocks() - 1)) {
            around = Around.UNSYNCED;
        } else if (isSplit(0, 0) || isSplit(part.blocks() - 1, 0)) {
            // The slot that had the rest of a unit could not be read, or is evicted.
            around = Around.UNALIGNED;
        }
        while (around == Around.NO && allocated < part.blocks()) {
            long run = core.allocator.allocateRun(part.blocks() - allocated);
            if (run < 0) {
                around = Around.FULL;
                break;
            }
            int start = SlotAllocator.runStart(run);
            int length = SlotAllocator.runLength(run);
            for (int k = 0; k < length; k++) {
                slotOf[allocated + k] = start + k;
            }
            allocated += length;
        }
        core.freePool.refill();
        if (around == Around.NO) {
            int i = 0;
            while (i < part.blocks()) {
                int run = 1;
                while (i + run < part.blocks() && slotOf[i + run] == slotOf[i] + run) {
                    run++;
                }
                // Before the SSD has it: the data has just come and is in the processor's cache.
                for (int k = i; k < i + run; k++) {
                    checksumOf[k] = core.checksums.of(part.buffer(), part.at(k), maskOf[k]);
                }
                pending++;
                core.io.submitSlots(IoOp.WRITE, STORE, i, slotOf[i], run, part.buffer(), part.at(i), this);
                i += run;
            }
            if (lostUnits[0] == 0 && lostUnits[1] == 0) {
                part.parts().answerEarly(part.bytes());
            }
        }
        storeDone();
    }

    private boolean mustWriteAround(int i) {
        return core.mustWriteAround(part.brick(), part.firstBlock() + i, maskOf[i]);
    }

    private void storeDone() {
        if (--pending > 0) {
            return;
        }
        if (around == Around.NO && syncFailures != core.rescue.syncFailures()) {
            // The slots were written about a sync that failed: nobody knows what the SSD has of them.
            around = Around.SSD_ERROR;
        }
        if (around != Around.NO) {
            freeSlots();
            leaveAround();
            return;
        }
        CachedBrick of = part.brick();
        if (!giveUpLost(of, 0, part.firstBlock()) || !giveUpLost(of, 1, part.lastBlock())) {
            freeSlots();
            finish(IoStatus.IO_ERROR);
            return;
        }
        int tick = core.tick();
        for (int i = 0; i < part.blocks(); i++) {
            core.install(
                    of,
                    part.firstBlock() + i,
                    slotOf[i],
                    SlotTable.DIRTY,
                    maskOf[i],
                    checksumOf[i],
                    tick,
                    Arrival.WRITTEN);
        }
        of.lost().overwrittenInSlots(part.offset(), part.bytes());
        of.heat().written(of.regions().regionOf(part.firstBlock()), tick);
        of.counters().cachedWriteBytes += part.bytes();
        finish(IoStatus.OK);
    }

    /** Never mapped, so free at once. */
    private void freeSlots() {
        for (int i = 0; i < allocated; i++) {
            core.allocator.free(slotOf[i]);
        }
    }

    /** Units that the new slot of an edge will not have: reads of them must not find what the disk has. */
    private boolean giveUpLost(CachedBrick of, int edge, long block) {
        return lostUnits[edge] == 0 || of.lost().giveUp(block, lostUnits[edge], 0, 0, lostBy[edge]);
    }

    private void leaveAround() {
        if (around == Around.FULL && core.bug == PlantedBug.FAILS_WHEN_FULL) {
            finish(IoStatus.IO_ERROR);
            return;
        }
        CachedBrick of = part.brick();
        boolean answered = part.parts().isBehind();
        countAround();
        DiskOp disk = core.takeDiskOp();
        disk.part().moveFrom(part);
        if (answered) {
            disk.startInPlaceOf(this);
        } else {
            // Behind those that wait here: most of them go around as well, and pass each other on the disk.
            disk.startWrite();
            of.gates().leave(this);
        }
        recycle();
    }

    private void countAround() {
        CachedBrick of = part.brick();
        switch (around) {
            case FULL -> of.counters().aroundFullBytes += part.bytes();
            case SSD_ERROR -> of.counters().aroundSsdErrorBytes += part.bytes();
            case UNALIGNED -> of.counters().aroundUnalignedBytes += part.bytes();
            case UNSYNCED -> of.counters().aroundUnsyncedBytes += part.bytes();
            case STREAM -> of.counters().aroundStreamBytes += part.bytes();
            case NO_GAIN -> of.counters().aroundNoGainBytes += part.bytes();
            case NO -> throw new IllegalStateException("nothing keeps this write from the SSD");
        }
    }

    private void finish(IoStatus status) {
        CachedBrick of = part.brick();
        Parts done = part.parts();
        of.gates().leave(this);
        done.done(status);
        recycle();
        of.opDone();
    }

    private void recycle() {
        part.clear();
        core.recycle(this);
    }
}
