package io.brickcache.cache;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.SlotTable;
import org.jspecify.annotations.Nullable;

/**
 * Changes the disk itself: a write around the cache, a trim, zeroes. It first makes sure that no durable mapping will
 * contradict the disk: clean blocks are forgotten by a commit before (R3), dirty ones stay until the disk has been
 * written, and are forgotten by a commit that syncs the disk first (R4).
 *
 * <p>A dirty block that the write covers in part goes to the disk with it, since its mapping is dropped whole.
 */
final class DiskOp extends Gates.Holder implements IoOwner, BufferPool.Waiter {

    private static final int MERGE = 0;
    private static final int CHANGE = 1;

    private final CacheCore core;
    private final int blockBytes;

    private @Nullable CachedBrick brick;
    private @Nullable Parts parts;
    private @Nullable IoBuffer buffer;
    private @Nullable IoBuffer scratch;
    private @Nullable Epoch epoch;
    private IoOp op = IoOp.WRITE;
    private int flags;
    private int at;
    private long firstBlock;
    private long lastBlock;
    private long from;
    private long to;
    private int pending;
    private boolean lost;
    private IoStatus status = IoStatus.OK;

    /** Pieces of the disk still to be written, one after the other: begin and end, from the start of the first block. */
    private final int[] pieces = new int[2 * (2 * 64 + 1)];

    private int pieceCount;
    private int nextPiece;
    private long zeroed;

    DiskOp(CacheCore core) {
        this.core = core;
        this.blockBytes = core.shape.blockBytes();
    }

    /** A write-around; arguments as of {@link ReadOp#start}. */
    void startWrite(
            CachedBrick newBrick,
            Parts newParts,
            IoBuffer newBuffer,
            int newAt,
            long newFirstBlock,
            int newFrom,
            int newTo) {
        buffer = newBuffer;
        at = newAt;
        start(newBrick, newParts, IoOp.WRITE, 0, newFirstBlock, newFrom, newTo);
    }

    /** TRIM or WRITE_ZEROES of {@code length} bytes from the start of a block on: whole blocks, or up to the brick's end. */
    void startRange(CachedBrick newBrick, Parts newParts, IoOp newOp, int newFlags, long newFirstBlock, long length) {
        start(newBrick, newParts, newOp, newFlags, newFirstBlock, 0, length);
    }

    private void start(
            CachedBrick newBrick,
            Parts newParts,
            IoOp newOp,
            int newFlags,
            long newFirstBlock,
            long newFrom,
            long newTo) {
        brick = newBrick;
        parts = newParts;
        op = newOp;
        flags = newFlags;
        firstBlock = newFirstBlock;
        from = newFrom;
        to = newTo;
        lastBlock = newFirstBlock + (newTo - 1 >> core.shape.blockShift());
        lost = false;
        status = IoStatus.OK;
        pieceCount = 0;
        nextPiece = 0;
        zeroed = 0;
        newBrick.gates().enter(this, Gates.Kind.DISK, firstBlock, lastBlock);
    }

    @Override
    void entered() {
        CachedBrick of = brick();
        of.fills().invalidate(firstBlock, lastBlock);
        if (forgetClean(of) && core.bug != PlantedBug.WRITES_AROUND_WITHOUT_COMMIT) {
            core.committer.commit(-1, this::forgotten);
        } else {
            change();
        }
    }

    /** True if a commit must come before the disk may be written. */
    private boolean forgetClean(CachedBrick of) {
        boolean commitFirst = false;
        for (long block = firstBlock; block <= lastBlock; block++) {
            long key = SlotTable.key(of.id(), block);
            int slot = core.map.find(key);
            if (slot == SlotTable.NONE) {
                commitFirst = commitFirst || core.map.hasRetired(key);
            } else if (core.slots.state(slot) == SlotTable.CLEAN) {
                core.retire(slot);
                commitFirst = true;
            } else {
                // A demotion that awaits its sync must not make the block clean under this change of the disk.
                core.slots.setDemoting(slot, false);
                commitFirst = commitFirst || core.slots.isUncommitted(slot) || core.map.hasRetired(key);
            }
        }
        return commitFirst;
    }

    private void forgotten(IoStatus committed) {
        if (committed.isOk()) {
            change();
        } else {
            status = committed;
            finish();
        }
    }

    private void change() {
        if (op == IoOp.WRITE) {
            mergeEdges();
        } else {
            long offset = firstBlock << core.shape.blockShift();
            // A trim that left the old content on the disk would bring it back under a dirty block that is dropped: so
            // the
            // disk is asked for zeroes, if it can make them without writing, and for nothing otherwise.
            int diskFlags = op == IoOp.TRIM ? IoRequest.FAST_ZERO : flags;
            core.submitDisk(IoOp.WRITE_ZEROES, CHANGE, brick(), offset, to - from, diskFlags, this);
        }
    }

    // ---- write-around

    private void mergeEdges() {
        long headOutside = outside(firstBlock);
        long tailOutside = lastBlock == firstBlock ? 0 : outside(lastBlock);
        if (headOutside == 0 && tailOutside == 0) {
            addPiece((int) from, (int) to);
            writeNext();
            return;
        }
        if (scratch == null) {
            scratch = core.scratch.tryAllocate(bytesWanted());
            if (scratch == null) {
                core.scratch.whenAvailable(this);
                return;
            }
        }
        pending = 1;
        epoch = core.committer.enterReader();
        if (headOutside != 0) {
            readForMerge(firstBlock, 0);
        }
        if (tailOutside != 0) {
            readForMerge(lastBlock, blockBytes);
        }
        mergeDone();
    }

    /** Dirty units of the block that the write does not cover whole. */
    private long outside(long block) {
        int slot = core.find(brick(), block);
        if (slot == SlotTable.NONE) {
            return 0;
        }
        long start = block - firstBlock << core.shape.blockShift();
        long covered = core.shape.mask((int) Math.max(0, from - start), (int) Math.min(blockBytes, to - start));
        return core.slots.validMask(slot) & ~covered;
    }

    private void readForMerge(long block, int scratchAt) {
        pending++;
        int slot = core.find(brick(), block);
        core.submitSlots(IoOp.READ, MERGE, (int) (block - firstBlock), slot, 1, Required.of(scratch), scratchAt, this);
    }

    private void merged(EngineIo io, IoStatus ioStatus) {
        if (ioStatus.isOk() && core.matches(io.slot, io.buffer(), io.bufferOffset())) {
            int start = io.index * blockBytes;
            long units = outside(firstBlock + io.index);
            int keepFrom = (int) Math.max(0, from - start);
            int keepTo = (int) Math.min(blockBytes, to - start);
            Copies.unitsOutside(
                    core.shape, units, io.buffer(), io.bufferOffset(), buffer(), at + start, keepFrom, keepTo);
            addPieces(units, start, keepFrom, keepTo);
            return;
        }
        if (ioStatus.isOk()) {
            brick().counters().checksumErrors++;
        } else {
            brick().counters().ssdReadErrors++;
        }
        lost = true;
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

    private void addPiece(int begin, int unitEnd) {
        // The last unit of a brick may reach beyond its end.
        int end = (int) Math.min(unitEnd, brick().geometry().sizeBytes() - (firstBlock << core.shape.blockShift()));
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
        if (lost) {
            status = IoStatus.IO_ERROR;
            finish();
            return;
        }
        addPiece((int) from, (int) to);
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
        long offset = (firstBlock << core.shape.blockShift()) + begin;
        core.submitDisk(IoOp.WRITE, CHANGE, 0, 0, brick(), offset, length, buffer(), at + begin, this);
    }

    // ---- results

    @Override
    public void ioDone(EngineIo io, IoStatus ioStatus) {
        if (io.tag == MERGE) {
            merged(io, ioStatus);
            mergeDone();
            return;
        }
        brick().sync().wrote();
        if (op == IoOp.WRITE) {
            if (ioStatus.isOk()) {
                writeNext();
            } else {
                brick().counters().diskWriteErrors++;
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
                zeroed += io.length();
                writeZeroes();
            } else {
                brick().counters().diskWriteErrors++;
                status = ioStatus;
                finish();
            }
        } else if (ioStatus.isOk()) {
            changed();
        } else if (ioStatus != IoStatus.NOT_SUPPORTED) {
            brick().counters().diskWriteErrors++;
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
        if (zeroed == to) {
            releaseScratch();
            changed();
            return;
        }
        if (scratch == null) {
            scratch = core.scratch.tryAllocate(bytesWanted());
            if (scratch == null) {
                core.scratch.whenAvailable(this);
                return;
            }
            Zeroes.fill(scratch, scratch.capacity());
        }
        int length = (int) Math.min(scratch.capacity(), to - zeroed);
        long offset = (firstBlock << core.shape.blockShift()) + zeroed;
        core.submitDisk(IoOp.WRITE, CHANGE, 0, 0, brick(), offset, length, scratch, 0, this);
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

    /** The disk has it: dirty slots of the range are obsolete, and may be forgotten once the disk is synced. */
    private void changed() {
        CachedBrick of = brick();
        for (long block = firstBlock; block <= lastBlock; block++) {
            int slot = core.find(of, block);
            if (slot != SlotTable.NONE) {
                core.retire(slot);
                core.committer.dependOnDisk(of.id());
            }
        }
        finish();
    }

    private void finish() {
        CachedBrick of = brick();
        Parts done = parts();
        releaseScratch();
        of.gates().leave(this);
        brick = null;
        parts = null;
        buffer = null;
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

    private CachedBrick brick() {
        return Required.of(brick);
    }

    private Parts parts() {
        return Required.of(parts);
    }

    private IoBuffer buffer() {
        return Required.of(buffer);
    }
}
