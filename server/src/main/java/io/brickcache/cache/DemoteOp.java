package io.brickcache.cache;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.DirtyRegions;
import io.brickcache.cache.index.LostRange;
import io.brickcache.cache.index.SlotTable;
import org.jspecify.annotations.Nullable;

/**
 * Writes the dirty blocks of some regions to the disk: region after region in ascending order, neighbouring blocks in
 * one I/O; then one sync of the disk, or several while writes wait; then the blocks are clean (R4, {@link DemotedBlocks}).
 *
 * <p>Only slots whose mapping is committed are taken: before that a durable clean mapping of the block may exist, which
 * the disk must not contradict (R3). A block written meanwhile has another slot and stays dirty; its old slot has lost
 * the DEMOTING mark. A brick has one demotion at a time.
 */
final class DemoteOp extends Gates.Holder implements IoOwner, BufferPool.Waiter {

    private static final int FETCH = 0;
    private static final int WRITE = 1;

    /** Disk writes under way at once: enough for the disk to sort, few enough for reads to get between. */
    private static final int WRITE_DEPTH = 8;

    private final CacheCore core;
    private final CachedBrick brick;
    private final int[] regions;
    private final DemotionListener listener;
    private final Purpose purpose;
    private final int blockBytes;
    private final int blocksPerRegion;

    private final int[] slotOf;
    private final long[] maskOf;
    /** Writes of each block that have not succeeded yet: one for each run of its dirty units. */
    private final byte[] runsLeft;

    private final DemotedBlocks written;
    private int skipped;
    private int nextRegion;
    /** The region for which a commit was asked, as {@link #nextRegion}. */
    private int committedRegion;

    private long firstBlock;
    private int pending;
    private int cursor;
    private int cursorUnit;
    private boolean writing;
    private boolean issuing;
    private IoStatus regionStatus = IoStatus.OK;
    private IoStatus status = IoStatus.OK;
    private @Nullable IoBuffer buffer;
    private @Nullable Epoch epoch;

    /** What is to become of the blocks. */
    enum Purpose {
        /** Clean; what could not be read a short while ago is left alone. */
        DEMOTION,
        /** Clean; what could not be read a short while ago is tried again. */
        FLUSH,
        /** Forgotten: nobody knows what the SSD has of them after a failed sync. Only these are taken. */
        RESCUE
    }

    DemoteOp(CacheCore core, CachedBrick brick, int[] regions, Purpose purpose, DemotionListener listener) {
        this.purpose = purpose;
        this.core = core;
        this.brick = brick;
        this.regions = regions;
        this.listener = listener;
        this.blockBytes = core.shape.blockBytes();
        this.blocksPerRegion = brick.regions().blocksPerRegion();
        this.slotOf = new int[blocksPerRegion];
        this.maskOf = new long[blocksPerRegion];
        this.runsLeft = new byte[blocksPerRegion];
        this.written = new DemotedBlocks(core, brick, purpose, blocksPerRegion * regions.length, this::eased);
    }

    void start() {
        written.begin();
        next();
    }

    @Override
    public int bytesWanted() {
        return DirtyRegions.REGION_BYTES;
    }

    @Override
    public void available(IoBuffer memory) {
        buffer = memory;
        take();
    }

    private void next() {
        if (nextRegion == regions.length || !written.isSynced()) {
            written.end();
            return;
        }
        firstBlock = brick.regions().firstBlock(regions[nextRegion]);
        nextRegion++;
        if (core.bug == PlantedBug.DEMOTES_PAST_WRITE_AROUND) {
            entered();
        } else {
            brick.gates().enter(this, Gates.Kind.DEMOTE, firstBlock, firstBlock + blocksPerRegion - 1);
        }
    }

    /** Memory comes after the gate: whoever holds the gate may be waiting for memory. */
    @Override
    void entered() {
        buffer = brick.scratch().tryAllocate(bytesWanted());
        if (buffer == null) {
            brick.scratch().whenAvailable(this);
        } else {
            take();
        }
    }

    private void take() {
        if (purpose == Purpose.DEMOTION && committedRegion != nextRegion && isUncommitted()) {
            // Now, or the disk has to come back for the rest.
            committedRegion = nextRegion;
            core.committer.commit(committed -> take());
            return;
        }
        int found = mark();
        if (found == 0) {
            leaveRegion();
            core.loop.execute(this::next);
            return;
        }
        brick.demotionAdvanced();
        regionStatus = IoStatus.OK;
        epoch = core.committer.enterReader();
        pending = 1;
        fetch();
        fetchDone();
    }

    private boolean isUncommitted() {
        for (int i = 0; i < blocksPerRegion; i++) {
            int slot = core.find(brick, firstBlock + i);
            if (slot != SlotTable.NONE && core.slots.state(slot) == SlotTable.DIRTY && !isMine(slot)) {
                return true;
            }
        }
        return false;
    }

    /** Marks the slots to be demoted. */
    private int mark() {
        int found = 0;
        for (int i = 0; i < blocksPerRegion; i++) {
            int slot = core.find(brick, firstBlock + i);
            boolean dirty = slot != SlotTable.NONE && core.slots.state(slot) == SlotTable.DIRTY;
            boolean take = dirty && isMine(slot);
            slotOf[i] = take ? slot : SlotTable.NONE;
            if (dirty && !take) {
                skipped++;
            }
            if (take && purpose == Purpose.DEMOTION && brick.lost().resting(firstBlock + i, 1) > 0) {
                slotOf[i] = SlotTable.NONE;
            } else if (take) {
                maskOf[i] = core.slots.validMask(slot);
                runsLeft[i] = (byte) Long.bitCount(maskOf[i] & ~(maskOf[i] << 1));
                core.slots.setDemoting(slot, true);
                found++;
            }
        }
        return found;
    }

    private boolean isMine(int slot) {
        if (purpose == Purpose.RESCUE) {
            return core.rescue.isForgotten() && core.slots.isUnrecorded(slot);
        }
        return !core.slots.isUncommitted(slot) || core.bug == PlantedBug.DEMOTES_UNCOMMITTED;
    }

    private void fetch() {
        int i = 0;
        while (i < blocksPerRegion) {
            int run = 1;
            if (slotOf[i] != SlotTable.NONE) {
                while (i + run < blocksPerRegion && slotOf[i + run] == slotOf[i] + run) {
                    run++;
                }
                pending++;
                core.io.submitSlots(IoOp.READ, FETCH, i, slotOf[i], run, buffer(), i * blockBytes, this);
            }
            i += run;
        }
    }

    @Override
    public void ioDone(EngineIo io, IoStatus ioStatus) {
        if (io.tag == FETCH) {
            fetched(io, ioStatus);
            fetchDone();
            return;
        }
        brick.sync().demoted();
        brick.counters().demotionWrites++;
        brick.demotionAdvanced();
        if (!ioStatus.isOk()) {
            brick.counters().diskWriteErrors++;
            regionStatus = regionStatus.and(ioStatus);
        } else {
            for (int i = io.index; i < io.index + io.count; i++) {
                if (--runsLeft[i] == 0) {
                    written.add(slotOf[i], firstBlock + i);
                }
            }
        }
        pending--;
        written.answered();
        write();
    }

    private void fetched(EngineIo io, IoStatus ioStatus) {
        if (!ioStatus.isOk()) {
            brick.counters().ssdReadErrors++;
        }
        for (int k = 0; k < io.count; k++) {
            int i = io.index + k;
            if (ioStatus.isOk() && core.matches(slotOf[i], buffer(), i * blockBytes)) {
                brick.lost().readable(firstBlock + i << core.shape.blockShift(), blockBytes);
                continue;
            }
            if (ioStatus.isOk()) {
                brick.counters().checksumErrors++;
            }
            // Each by itself: a damaged block must not keep its neighbours.
            pending++;
            new SecondLook(core, slotOf[i], buffer(), i * blockBytes, (verdict, cause) -> looked(i, verdict, cause))
                    .start();
        }
    }

    private void looked(int i, SecondLook.Verdict verdict, LostRange.Cause cause) {
        if (verdict == SecondLook.Verdict.READABLE) {
            brick.lost().readable(firstBlock + i << core.shape.blockShift(), blockBytes);
        } else {
            int slot = slotOf[i];
            boolean mine = written.isStillMarked(slot, firstBlock + i);
            if (core.bug != PlantedBug.CLEANS_LOST) {
                giveUp(i);
            }
            if (purpose == Purpose.RESCUE) {
                status = status.and(IoStatus.IO_ERROR);
                if (mine) {
                    core.rescue.unreadable(brick, slot, cause);
                }
            } else if (verdict == SecondLook.Verdict.UNREACHABLE) {
                status = status.and(IoStatus.IO_ERROR);
            } else if (mine) {
                brick.lost().addUnits(firstBlock + i, maskOf[i], cause);
            }
        }
        fetchDone();
    }

    /** The block stays dirty. */
    private void giveUp(int i) {
        int slot = slotOf[i];
        slotOf[i] = SlotTable.NONE;
        if (written.isStillMarked(slot, firstBlock + i)) {
            core.slots.setDemoting(slot, false);
        }
    }

    private void fetchDone() {
        if (--pending > 0) {
            return;
        }
        core.committer.exitReader(Required.of(epoch));
        epoch = null;
        cursor = 0;
        cursorUnit = 0;
        writing = true;
        write();
    }

    /** Writes the next pieces; called again when one is done, and when there may be more. */
    private void write() {
        if (issuing || !writing) {
            return;
        }
        issuing = true;
        boolean more = true;
        while (more && pending < WRITE_DEPTH && !written.isFull(pending)) {
            more = nextPiece();
        }
        issuing = false;
        if (!more && pending == 0) {
            writing = false;
            regionDone();
        }
    }

    /** Submits the next run of valid units; false if there is none. */
    private boolean nextPiece() {
        int units = core.shape.unitsPerBlock();
        int unitBytes = core.shape.unitBytes();
        while (cursor < blocksPerRegion && !isDirtyUnit(cursor, cursorUnit)) {
            advance(units);
        }
        if (cursor == blocksPerRegion) {
            return false;
        }
        int first = cursor;
        int begin = cursor * blockBytes + cursorUnit * unitBytes;
        while (cursor < blocksPerRegion && isDirtyUnit(cursor, cursorUnit)) {
            advance(units);
        }
        int end = cursor * blockBytes + cursorUnit * unitBytes;
        long offset = (firstBlock << core.shape.blockShift()) + begin;
        int count = (end - 1) / blockBytes - first + 1;
        pending++;
        brick.regret().used(brick.head(), offset);
        core.io.submitDisk(IoOp.WRITE, WRITE, first, count, brick, offset, end - begin, buffer(), begin, this);
        return true;
    }

    private boolean isDirtyUnit(int i, int unit) {
        return slotOf[i] != SlotTable.NONE && (maskOf[i] >>> unit & 1) != 0;
    }

    private void advance(int units) {
        boolean blockDone = slotOf[cursor] == SlotTable.NONE || cursorUnit == units - 1;
        if (blockDone) {
            cursor++;
            cursorUnit = 0;
        } else {
            cursorUnit++;
        }
    }

    private void regionDone() {
        for (int i = 0; i < blocksPerRegion; i++) {
            if (slotOf[i] != SlotTable.NONE && runsLeft[i] > 0) {
                giveUp(i);
            }
        }
        status = status.and(regionStatus);
        leaveRegion();
        next();
    }

    private void leaveRegion() {
        buffer().release();
        buffer = null;
        if (core.bug != PlantedBug.DEMOTES_PAST_WRITE_AROUND) {
            brick.gates().leave(this);
        }
    }

    /** Some blocks became clean, or will not. */
    private void eased() {
        if (written.isEnded()) {
            listener.demoted(written.cleaned(), skipped + written.skipped(), status.and(written.status()));
            brick.opDone();
        } else {
            write();
        }
    }

    private IoBuffer buffer() {
        return Required.of(buffer);
    }
}
