package io.brickcache.cache;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.LostRange.Cause;
import io.brickcache.cache.index.SlotTable;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Changes the disk itself: a write around the cache, a trim, zeroes. It first makes sure that no durable mapping will
 * contradict the disk: clean blocks are forgotten by a commit before (R3), dirty ones stay until the disk has been
 * written, and are forgotten by a commit after the next sync of the disk (R4).
 *
 * <p>A dirty block that the write covers in part goes to the disk with it, since its mapping is dropped whole.
 */
final class DiskOp extends Gates.Holder implements IoOwner, BufferPool.Waiter {

    private static final int MERGE = 0;
    private static final int CHANGE = 1;

    /** So often the disk is given what was answered before the SSD failed to take it. */
    private static final int ANSWERED_TRIES = 5;

    private static final long RETRY_NS = 1_000_000_000L;

    private final CacheCore core;
    private final int blockBytes;

    private final Part part;
    private @Nullable IoBuffer scratch;
    private @Nullable Epoch epoch;
    private IoOp op = IoOp.WRITE;
    private int flags;
    private int pending;
    private int syncFailures;
    /** Units of the first and of the last block that the write does not cover and nobody can read. */
    private final long[] lostUnits = new long[2];

    private final Cause[] lostBy = {Cause.READ_ERROR, Cause.READ_ERROR};
    private IoStatus status = IoStatus.OK;

    /** Pieces of the disk still to be written, one after the other: begin and end, from the start of the first block. */
    private final int[] pieces = new int[2 * (2 * 64 + 1)];

    private int pieceCount;
    private int nextPiece;
    private int zeroed;
    private int tries;
    private final Runnable again = this::again;

    DiskOp(CacheCore core) {
        this.core = core;
        this.part = new Part(core.shape);
        this.blockBytes = core.shape.blockBytes();
    }

    /** What to change: filled before it is started. */
    Part part() {
        return part;
    }

    /** A write-around. */
    void startWrite() {
        start(IoOp.WRITE, 0);
    }

    /** What became of an answered write that is inside its gate and that the SSD did not take; it leaves. */
    void startInPlaceOf(Gates.Holder write) {
        begin(IoOp.WRITE, 0);
        part.brick().gates().turnIntoDisk(write, this, part.offset(), part.offset() + part.bytes());
    }

    /** A write-around that {@link Gates#admitsAround} has let in. */
    void startAlone() {
        begin(IoOp.WRITE, 0);
        part.brick()
                .gates()
                .enterAround(this, part.firstBlock(), part.lastBlock(), part.offset(), part.offset() + part.bytes());
    }

    /** TRIM or WRITE_ZEROES of whole blocks, or up to the brick's end. */
    void startRange(IoOp newOp, int newFlags) {
        start(newOp, newFlags);
    }

    private void start(IoOp newOp, int newFlags) {
        begin(newOp, newFlags);
        part.brick()
                .gates()
                .enterDisk(this, part.firstBlock(), part.lastBlock(), part.offset(), part.offset() + part.bytes());
    }

    private void begin(IoOp newOp, int newFlags) {
        op = newOp;
        flags = newFlags;
        tries = 0;
        reset();
    }

    private void reset() {
        lostUnits[0] = 0;
        lostUnits[1] = 0;
        status = IoStatus.OK;
        pieceCount = 0;
        nextPiece = 0;
        zeroed = 0;
    }

    @Override
    void entered() {
        CachedBrick of = part.brick();
        of.promotions().invalidate(part.firstBlock(), part.lastBlock());
        boolean commitFirst = forgetClean(of);
        if (op == IoOp.WRITE && core.hasNoSlots(part)) {
            of.gates().letPass(this);
        }
        if (commitFirst && core.bug != PlantedBug.WRITES_AROUND_WITHOUT_COMMIT) {
            commitFirst();
        } else {
            change();
        }
    }

    /** True if a commit must come before the disk may be written. */
    private boolean forgetClean(CachedBrick of) {
        boolean commitFirst = false;
        for (long block = part.firstBlock(); block <= part.lastBlock(); block++) {
            long key = SlotTable.key(of.id(), block);
            int slot = core.map.find(key);
            if (slot == SlotTable.NONE) {
                commitFirst = commitFirst || core.map.hasRetired(key);
            } else if (core.slots.state(slot) == SlotTable.CLEAN) {
                // A volatile one has no record.
                commitFirst = commitFirst || !core.slots.isVolatile(slot) || core.map.hasRetired(key);
                core.retire(slot);
            } else {
                // A demotion that awaits its sync must not make the block clean under this change of the disk.
                core.slots.setDemoting(slot, false);
                commitFirst = commitFirst || core.slots.isUncommitted(slot) || core.map.hasRetired(key);
            }
        }
        return commitFirst;
    }

    private void commitFirst() {
        syncFailures = core.rescue.syncFailures();
        core.committer.commit(this::forgotten);
    }

    private void forgotten(IoStatus committed) {
        if (committed.isOk()) {
            change();
        } else if (syncFailures != core.rescue.syncFailures()) {
            // The next commit does without the SSD.
            commitFirst();
        } else {
            status = committed;
            finish();
        }
    }

    private void change() {
        if (op == IoOp.WRITE) {
            mergeEdges();
        } else {
            long offset = part.firstBlock() << core.shape.blockShift();
            // A trim that left the old content on the disk would bring it back under a dirty block that is dropped:
            // so the disk is asked for zeroes, if it can make them without writing, and for nothing otherwise.
            int diskFlags = op == IoOp.TRIM ? IoRequest.FAST_ZERO : flags;
            core.io.submitDisk(IoOp.WRITE_ZEROES, CHANGE, part.brick(), offset, part.bytes(), diskFlags, this);
        }
    }

    // ---- write-around

    private void mergeEdges() {
        long headOutside = outside(part.firstBlock());
        long tailOutside = part.lastBlock() == part.firstBlock() ? 0 : outside(part.lastBlock());
        if (headOutside == 0 && tailOutside == 0) {
            addPiece(part.from(), part.to());
            writeNext();
            return;
        }
        if (scratch == null) {
            scratch = part.brick().merging().tryAllocate(bytesWanted());
            if (scratch == null) {
                part.brick().merging().whenAvailable(this);
                return;
            }
        }
        pending = 1;
        epoch = core.committer.enterReader();
        if (headOutside != 0) {
            readForMerge(part.firstBlock(), 0);
        }
        if (tailOutside != 0) {
            readForMerge(part.lastBlock(), blockBytes);
        }
        mergeDone();
    }

    /** Dirty units of the block that the write does not cover whole. */
    private long outside(long block) {
        int slot = core.find(part.brick(), block);
        if (slot == SlotTable.NONE) {
            return 0;
        }
        int i = (int) (block - part.firstBlock());
        long covered = core.shape.mask(part.fromIn(i), part.toIn(i));
        return core.slots.validMask(slot) & ~covered;
    }

    private void readForMerge(long block, int scratchAt) {
        pending++;
        int slot = core.find(part.brick(), block);
        core.io.submitSlots(
                IoOp.READ, MERGE, (int) (block - part.firstBlock()), slot, 1, Required.of(scratch), scratchAt, this);
    }

    private void merged(EngineIo io, IoStatus ioStatus) {
        int i = io.index;
        int slot = io.slot;
        int scratchAt = io.bufferOffset();
        if (ioStatus.isOk() && core.matches(slot, io.buffer(), scratchAt)) {
            keep(i, scratchAt);
            return;
        }
        if (ioStatus.isOk()) {
            part.brick().counters().checksumErrors++;
        } else {
            part.brick().counters().ssdReadErrors++;
        }
        pending++;
        new SecondLook(core, slot, io.buffer(), scratchAt, (verdict, cause) -> {
                    looked(i, slot, scratchAt, verdict, cause);
                    mergeDone();
                })
                .start();
    }

    private void looked(int i, int slot, int scratchAt, SecondLook.Verdict verdict, Cause cause) {
        switch (verdict) {
            case READABLE -> keep(i, scratchAt);
            case LOST -> {
                int edge = scratchAt == 0 ? 0 : 1;
                lostUnits[edge] = outside(part.firstBlock() + i);
                lostBy[edge] = cause;
            }
            case UNREACHABLE -> {
                // The rest of the block may come back with the SSD: the write must not be the end of it.
                part.brick().lost().addUnits(part.firstBlock() + i, core.slots.validMask(slot), cause);
                status = IoStatus.IO_ERROR;
            }
        }
    }

    /** Dirty units outside of the write go to the disk with it. */
    private void keep(int i, int scratchAt) {
        int start = i * blockBytes;
        long units = outside(part.firstBlock() + i);
        int keepFrom = part.fromIn(i);
        int keepTo = part.toIn(i);
        part.brick().lost().readable(part.offset(i), blockBytes);
        Copies.unitsOutside(
                core.shape, units, Required.of(scratch), scratchAt, part.buffer(), part.at(i), keepFrom, keepTo);
        addPieces(units, start, keepFrom, keepTo);
    }

    /** The units of the block at {@code start}, without the bytes [keepFrom, keepTo) that are written anyway. */
    private void addPieces(long units, int start, int keepFrom, int keepTo) {
        int unit = core.shape.unitBytes();
        for (long rest = units; rest != 0; rest &= rest - 1) {
            int unitFrom = Long.numberOfTrailingZeros(rest) * unit;
            int unitTo = unitFrom + unit;
            if (unitTo <= keepFrom || unitFrom >= keepTo) {
                addPiece(start + unitFrom, start + unitTo);
            } else {
                addPiece(start + unitFrom, start + keepFrom);
                addPiece(start + keepTo, start + unitTo);
            }
        }
    }

    private void addPiece(int begin, int end) {
        if (begin >= end) {
            return;
        }
        if (pieceCount > 0 && pieces[2 * pieceCount - 1] == begin) {
            pieces[2 * pieceCount - 1] = end;
        } else {
            pieces[2 * pieceCount] = begin;
            pieces[2 * pieceCount + 1] = end;
            pieceCount++;
        }
    }

    private void mergeDone() {
        if (--pending > 0) {
            return;
        }
        core.committer.exitReader(Required.of(epoch));
        epoch = null;
        releaseScratch();
        if (!status.isOk()) {
            finish();
            return;
        }
        addPiece(part.from(), part.to());
        writeNext();
    }

    /** One piece after the other: two of them may share a physical sector. */
    private void writeNext() {
        if (nextPiece == pieceCount) {
            changed();
            return;
        }
        int begin = pieces[2 * nextPiece];
        int length = pieces[2 * nextPiece + 1] - begin;
        nextPiece++;
        long offset = (part.firstBlock() << core.shape.blockShift()) + begin;
        part.brick().regret().used(part.brick().head(), offset);
        core.io.submitDisk(
                IoOp.WRITE, CHANGE, 0, 0, part.brick(), offset, length, part.buffer(), part.at(0) + begin, this);
    }

    // ---- results

    @Override
    public IoRequest cause() {
        return part.parts().request();
    }

    @Override
    public void ioDone(EngineIo io, IoStatus ioStatus) {
        if (io.tag == MERGE) {
            merged(io, ioStatus);
            mergeDone();
            return;
        }
        part.brick().sync().changed();
        if (op == IoOp.WRITE) {
            if (ioStatus.isOk()) {
                writeNext();
            } else {
                part.brick().counters().diskWriteErrors++;
                status = ioStatus;
                finish();
            }
        } else {
            rangeDone(io, ioStatus);
        }
    }

    private void rangeDone(EngineIo io, IoStatus ioStatus) {
        if (io.op() == IoOp.WRITE) {
            if (ioStatus.isOk()) {
                zeroed += (int) io.length();
                writeZeroes();
            } else {
                part.brick().counters().diskWriteErrors++;
                status = ioStatus;
                finish();
            }
        } else if (ioStatus.isOk()) {
            changed();
        } else if (ioStatus != IoStatus.NOT_SUPPORTED) {
            part.brick().counters().diskWriteErrors++;
            status = op == IoOp.TRIM ? IoStatus.OK : ioStatus;
            finish();
        } else if (op == IoOp.TRIM) {
            // Advice that the disk cannot take: the content stays.
            finish();
        } else if ((flags & IoRequest.FAST_ZERO) != 0) {
            status = ioStatus;
            finish();
        } else {
            writeZeroes();
        }
    }

    /** The disk cannot zero by itself: zeroes are written, piece by piece. */
    private void writeZeroes() {
        if (zeroed == part.bytes()) {
            releaseScratch();
            changed();
            return;
        }
        if (scratch == null) {
            scratch = part.brick().merging().tryAllocate(bytesWanted());
            if (scratch == null) {
                part.brick().merging().whenAvailable(this);
                return;
            }
            Zeroes.fill(scratch, scratch.capacity());
        }
        int length = Math.min(scratch.capacity(), part.bytes() - zeroed);
        long offset = (part.firstBlock() << core.shape.blockShift()) + zeroed;
        core.io.submitDisk(IoOp.WRITE, CHANGE, 0, 0, part.brick(), offset, length, scratch, 0, this);
    }

    @Override
    public int bytesWanted() {
        return 2 * blockBytes;
    }

    @Override
    public void available(IoBuffer memory) {
        scratch = memory;
        if (op == IoOp.WRITE) {
            mergeEdges();
        } else {
            Zeroes.fill(memory, memory.capacity());
            writeZeroes();
        }
    }

    private void changed() {
        CachedBrick of = part.brick();
        if (of.lost().isRecordedGone(part.offset(), part.bytes())) {
            // What the disk had before may come back in a crash, and must not be served then.
            of.sync().sync(this::syncedForLost);
        } else {
            settle(core::retireWhenSynced);
        }
    }

    private void syncedForLost(IoStatus synced) {
        if (synced.isOk()) {
            settle(core::retire);
        } else {
            status = synced;
            finish();
        }
    }

    /** The disk has it: dirty slots of the range are obsolete, and may be forgotten once the disk is synced. */
    private void settle(IntConsumer retire) {
        CachedBrick of = part.brick();
        if (!giveUpLost(of, 0, 0) || !giveUpLost(of, 1, part.blocks() - 1)) {
            status = IoStatus.IO_ERROR;
            finish();
            return;
        }
        of.lost().overwritten(part.offset(), part.bytes());
        for (long block = part.firstBlock(); block <= part.lastBlock(); block++) {
            int slot = core.find(of, block);
            if (slot != SlotTable.NONE) {
                retire.accept(slot);
            }
        }
        finish();
    }

    /** Units of block {@code i} that go with its mapping: reads of them must not find what the disk has. */
    private boolean giveUpLost(CachedBrick of, int edge, int i) {
        return lostUnits[edge] == 0
                || of.lost().giveUp(part.firstBlock() + i, lostUnits[edge], part.fromIn(i), part.toIn(i), lostBy[edge]);
    }

    private void again() {
        reset();
        entered();
    }

    /**
     * Neither the SSD nor the disk took what was answered. What was there before must not be found in its place: the slots are
     * dropped, with what the first and the last one have besides.
     */
    private void giveUpAnswered() {
        CachedBrick of = part.brick();
        of.counters().lostBlocks += part.blocks();
        of.lost().notWritten(part.offset(), part.offset() + part.bytes());
        for (long block = part.firstBlock(); block <= part.lastBlock(); block++) {
            int slot = core.find(of, block);
            if (slot != SlotTable.NONE) {
                of.lost().unitsNotWritten(block, outside(block));
                core.retire(slot);
            }
        }
    }

    private void finish() {
        CachedBrick of = part.brick();
        Parts done = part.parts();
        releaseScratch();
        if (!status.isOk() && done.isBehind()) {
            tries++;
            if (tries < ANSWERED_TRIES && !core.health.isStopped()) {
                core.loop.schedule(RETRY_NS, again);
                return;
            }
            if (core.bug != PlantedBug.FORGETS_LOST_WRITE_BEHIND) {
                giveUpAnswered();
            }
        }
        done.wentToDisk();
        if (status.isOk() || core.bug != PlantedBug.LEAVES_GATE_SHUT) {
            of.gates().leave(this);
        }
        part.clear();
        IoStatus result = status;
        core.recycle(this);
        done.done(result);
        of.opDone();
    }

    private void releaseScratch() {
        if (scratch != null) {
            scratch.release();
            scratch = null;
        }
    }
}
