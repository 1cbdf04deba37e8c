package io.brickcache.cache;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.data.SlotAllocator;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.cache.policy.EvictionPolicy.Arrival;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a read took from the disk to free slots, when the read has been answered, and maps them.
 *
 * <p>Only where no write has been under way since before the disk was read (R3, R7): from {@link #watch} on, which comes
 * before the disk is read, writers {@link #forbid} their blocks. Reused with its {@link ReadOp}.
 */
final class Promotion implements IoOwner {

    private final CacheCore core;
    private final Part part;
    private final Runnable ended;
    /** Blocks that may be promoted, a bit each. */
    private final long[] allowed;
    /** The slot that a block had when it was looked up, or NONE. */
    private final int[] replaced;
    /** Units that the block's new slot will hold. */
    private final long[] maskOf;

    private Arrival why = Arrival.READ;
    private boolean watching;
    private int syncFailures;
    private int pending;

    /** Links of {@link Promotions}. */
    @Nullable
    Promotion previous;

    @Nullable
    Promotion next;

    /**
     * @param part what is read
     * @param ended called when a promotion that was started has ended, well or not
     */
    Promotion(CacheCore core, Part part, Runnable ended) {
        this.core = core;
        this.part = part;
        this.ended = ended;
        this.allowed = new long[(core.maxPartBlocks + 63) / 64];
        this.replaced = new int[core.maxPartBlocks];
        this.maskOf = new long[core.maxPartBlocks];
    }

    /** A new read begins. */
    void reset(Arrival arrival) {
        why = arrival;
    }

    /**
     * Block {@code i} of the part may be promoted, if {@code slot}, or none, still has it then.
     *
     * @param mask units of it that will be there: of the disk, and of {@code slot}
     */
    void allow(int i, int slot, long mask) {
        allowed[i >> 6] |= 1L << i;
        replaced[i] = slot;
        maskOf[i] = mask;
    }

    void forbid(int i) {
        allowed[i >> 6] &= ~(1L << i);
    }

    private boolean isAllowed(int i) {
        return (allowed[i >> 6] & 1L << i) != 0;
    }

    /** Heeds writers, those at work already and those to come. Until {@link #unwatch}. */
    void watch() {
        CachedBrick of = part.brick();
        of.gates().visitWriters(part.firstBlock(), part.lastBlock(), this::invalidate);
        if (!watching) {
            watching = true;
            of.promotions().add(this);
        }
    }

    void unwatch() {
        if (watching) {
            watching = false;
            part.brick().promotions().remove(this);
            part.brick().neighbourhood().promotionEnded();
        }
    }

    /** A writer is at work on the blocks [first, last]: what was read there is not promoted. */
    void invalidate(long first, long last) {
        if (core.bug == PlantedBug.PROMOTES_OVER_WRITE) {
            return;
        }
        int start = (int) Math.max(0, first - part.firstBlock());
        int end = (int) Math.min(part.blocks() - 1, last - part.firstBlock());
        for (int i = start; i <= end; i++) {
            forbid(i);
        }
    }

    /** Behind the last block of the read that misses what is to be promoted; 0 if it misses nothing of that. */
    long endOfReading(ReadOp op) {
        long first = op.part().firstBlock();
        int start = (int) Math.max(0, first - part.firstBlock());
        for (int i = (int) Math.min(part.blocks() - 1, op.part().lastBlock() - part.firstBlock()); i >= start; i--) {
            long block = part.firstBlock() + i;
            if (isAllowed(i) && (maskOf[i] & op.missingUnits((int) (block - first))) != 0) {
                return block + 1;
            }
        }
        return 0;
    }

    /** True if something was read from the disk and there is room for it. */
    boolean isWorthwhile() {
        return watching && core.copiesReads();
    }

    /** Takes over the buffer of the part, which the caller has retained. */
    void start() {
        pending = 1;
        syncFailures = core.rescue.syncFailures();
        write();
        done();
    }

    private void write() {
        int i = 0;
        while (i < part.blocks()) {
            int run = 0;
            while (i + run < part.blocks() && isAllowed(i + run)) {
                run++;
            }
            while (run > 0) {
                int spare = core.allocator.freeCount() - core.freePool.copiesFloor();
                if (spare <= 0) {
                    return;
                }
                long slotRun = core.allocator.allocateRun(Math.min(run, spare));
                int got = SlotAllocator.runLength(slotRun);
                pending++;
                core.io.submitSlots(
                        IoOp.WRITE, 0, i, SlotAllocator.runStart(slotRun), got, part.buffer(), part.at(i), this);
                run -= got;
                i += got;
            }
            i++;
        }
    }

    @Override
    public void ioDone(EngineIo io, IoStatus status) {
        if (!status.isOk()) {
            part.brick().counters().ssdWriteErrors++;
        }
        for (int k = 0; k < io.count; k++) {
            if (status.isOk() && mayMap(io.index + k)) {
                map(io.index + k, io.slot + k);
            } else {
                core.allocator.free(io.slot + k);
            }
        }
        done();
    }

    private boolean mayMap(int i) {
        return isAllowed(i)
                && syncFailures == core.rescue.syncFailures()
                && (core.find(part.brick(), part.firstBlock() + i) == replaced[i]
                        || core.bug == PlantedBug.PROMOTES_OVER_WRITE);
    }

    private void map(int i, int slot) {
        CachedBrick of = part.brick();
        long block = part.firstBlock() + i;
        long mask = maskOf[i];
        int checksum = core.checksums.of(part.buffer(), part.at(i), mask);
        int state = replaced[i] == SlotTable.NONE ? SlotTable.CLEAN : core.slots.state(replaced[i]);
        core.install(of, block, slot, state, mask, checksum, core.tick(), why);
        of.counters().promotedBlocks++;
        of.counters().readAroundBlocks += why == Arrival.AROUND ? 1 : 0;
        of.neighbourhood().promoted(block, mask);
    }

    private void done() {
        if (--pending == 0) {
            part.buffer().release();
            core.freePool.refill();
            ended.run();
        }
    }
}
