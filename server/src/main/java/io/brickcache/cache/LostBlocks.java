package io.brickcache.cache;

import io.brickcache.cache.index.LostRange;
import io.brickcache.cache.index.LostRange.Cause;
import io.brickcache.cache.index.LostRange.State;
import io.brickcache.cache.index.LostRanges;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.SlotTable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a brick has lost ({@link LostRanges}), kept in the metadata: each change is part of the open epoch, so that it
 * becomes durable together with the mappings changed before and after it. Loop-confined.
 *
 * <p>Invariant I8 (docs/invariants.md): a byte that is GONE is in no mapped slot.
 */
public final class LostBlocks {

    private static final Logger log = LoggerFactory.getLogger(LostBlocks.class);

    /** For how long the demotion leaves a block alone that it could not read, in ticks: ten minutes. */
    static final int REST_TICKS = 6000;

    /** Lines of the log in a minute; what is beyond is counted. */
    private static final int MAX_EVENTS = 10;

    private static final int EVENT_TICKS = 600;

    private final CacheCore core;
    private final CachedBrick brick;
    private final LostRanges ranges;
    /**
     * What was GONE until slots of an epoch brought it that is not durable yet, in pieces of a block at most. Should these slots
     * come to be in doubt, the records go on to say GONE.
     */
    private final List<LostRange> returning = new ArrayList<>();

    private boolean saving;
    private int events;
    private int eventsSince;
    private long unsaid;

    LostBlocks(CacheCore core, CachedBrick brick) {
        this.core = core;
        this.brick = brick;
        this.ranges = new LostRanges(brick.id());
        this.eventsSince = core.tick();
    }

    /**
     * A dirty block's bytes cannot be read from the SSD. Reads of them are tried again; this only lists them. Known ones
     * may be given again.
     *
     * @param offset from the start of the brick
     */
    public void add(long offset, long length, Cause cause) {
        LostRanges.Added added =
                ranges.add(offset, length, core.loop.clock().epochMillis(), cause, State.UNREADABLE, core.tick());
        if (added == LostRanges.Added.NEW) {
            said(offset, length, cause, "it stays so until it is overwritten or can be read again");
            changed();
        }
    }

    /** As {@link #add(long, long, Cause)}, of some units of a block. */
    void addUnits(long block, long units, Cause cause) {
        for (long rest = units; rest != 0; rest &= ~runOf(rest)) {
            add(start(block, rest), end(block, rest) - start(block, rest), cause);
        }
    }

    /**
     * The content of the block's slot is lost, which stands for these units from now on: also for those that were GONE before
     * (I8).
     */
    void spoiled(long block, long units, Cause cause) {
        long rest = units;
        while (rest != 0) {
            ranges.remove(start(block, rest), end(block, rest) - start(block, rest));
            rest &= ~runOf(rest);
        }
        addUnits(block, units, cause);
    }

    /**
     * Units of a block are in no slot any more and what the disk has is older: reads of them fail until they are
     * overwritten. Not the bytes [keepFrom, keepTo) of the block, which have new content.
     *
     * @return false if the list is full: then nothing may be given up, and nothing was done
     */
    boolean giveUp(long block, long units, int keepFrom, int keepTo, Cause cause) {
        if (!ranges.hasRoom(core.shape.unitsPerBlock() + 1)) {
            return false;
        }
        long offset = block << core.shape.blockShift();
        for (long rest = units; rest != 0; rest &= ~runOf(rest)) {
            long from = start(block, rest);
            long to = end(block, rest);
            giveUp(from, Math.min(to, Math.max(from, offset + keepFrom)), cause);
            giveUp(Math.max(from, Math.min(to, offset + keepTo)), to, cause);
        }
        return true;
    }

    private void giveUp(long from, long to, Cause cause) {
        if (from < to) {
            gone(from, to, cause, "the rest of the block was overwritten, this stays so until it is, too");
        }
    }

    private void gone(long from, long to, Cause cause, String outlook) {
        ranges.add(from, to - from, core.loop.clock().epochMillis(), cause, State.GONE, core.tick());
        said(from, to - from, cause, outlook);
        changed();
    }

    /** What was answered is on neither device and will not come there: reads of it fail until it is overwritten. */
    void notWritten(long from, long to) {
        gone(from, to, Cause.WRITE_ERROR, "it stays so until it is overwritten");
    }

    /** As {@link #notWritten}, of some units of a block. */
    void unitsNotWritten(long block, long units) {
        for (long rest = units; rest != 0; rest &= ~runOf(rest)) {
            notWritten(start(block, rest), end(block, rest));
        }
    }

    /** The slots of what is UNREADABLE were dropped, and the brick is not: only overwriting brings it back now. */
    void giveUpWhatHasNoSlot() {
        int shift = core.shape.blockShift();
        for (LostRange range : ranges.from(0, Integer.MAX_VALUE)) {
            for (long block = range.offset() >> shift; block <= range.end() - 1 >> shift; block++) {
                if (core.find(brick, block) == SlotTable.NONE) {
                    long from = Math.max(range.offset(), block << shift);
                    long to = Math.min(range.end(), block + 1 << shift);
                    ranges.add(from, to - from, range.sinceMs(), range.cause(), State.GONE, core.tick());
                }
            }
        }
        changed();
    }

    /** The lowest units of the mask that follow each other. */
    private static long runOf(long units) {
        long low = Long.lowestOneBit(units);
        // The carry of the sum runs through the ones and leaves them for the first zero.
        return units & ~(units + low);
    }

    private long start(long block, long units) {
        return (block << core.shape.blockShift()) + (long) Long.numberOfTrailingZeros(units) * core.shape.unitBytes();
    }

    private long end(long block, long units) {
        int past = 64 - Long.numberOfLeadingZeros(runOf(units));
        return (block << core.shape.blockShift()) + (long) past * core.shape.unitBytes();
    }

    /** The bytes were read from the SSD as they were written. */
    void readable(long offset, long length) {
        if (!ranges.isEmpty() && ranges.removeUnreadable(offset, length)) {
            changed();
        }
    }

    /** The bytes were overwritten, on the disk, synced. */
    void overwritten(long offset, long length) {
        boolean saved = returning.removeIf(range -> range.offset() >= offset && range.end() <= offset + length);
        if (!ranges.isEmpty() && ranges.remove(offset, length) || saved) {
            changed();
        }
    }

    /** The bytes, of some blocks, were overwritten by slots of the open epoch. */
    void overwrittenInSlots(long offset, long length) {
        if (ranges.isEmpty()) {
            return;
        }
        for (LostRange range : ranges.overlapping(offset, offset + length)) {
            if (range.state() == State.GONE) {
                addReturning(
                        range.withBounds(Math.max(range.offset(), offset), Math.min(range.end(), offset + length)));
            }
        }
        if (ranges.remove(offset, length)) {
            changed();
        }
    }

    private void addReturning(LostRange range) {
        long from = range.offset();
        while (from < range.end()) {
            long to = Math.min(range.end(), (from >> core.shape.blockShift()) + 1 << core.shape.blockShift());
            returning.add(range.withBounds(from, to));
            from = to;
        }
    }

    /** Slots of the brick came to be in doubt, or are in doubt no more. */
    void doubtChanged() {
        if (!returning.isEmpty()) {
            changed();
        }
    }

    /** True if the records of the block are still those from before its bytes returned. */
    private boolean isInDoubt(LostRange range) {
        long key = SlotTable.key(brick.id(), range.offset() >> core.shape.blockShift());
        return core.rescue.isInDoubt(key) || core.map.findObsolete(key) != SlotTable.NONE;
    }

    private boolean isDurable(LostRange range) {
        int slot = core.find(brick, range.offset() >> core.shape.blockShift());
        return !isInDoubt(range) && (slot == SlotTable.NONE || !core.slots.isUncommitted(slot));
    }

    /** Writes the records anew with the open epoch. */
    void changed() {
        if (!saving) {
            saving = true;
            core.committer.put(this::save);
        }
    }

    private void save(MetadataBatch batch) {
        saving = false;
        returning.removeIf(this::isDurable);
        ranges.save(batch, returning.stream().filter(this::isInDoubt).toList());
    }

    private void said(long offset, long length, Cause cause, String outlook) {
        int now = core.tick();
        if (now - eventsSince >= EVENT_TICKS) {
            if (unsaid > 0) {
                log.error("Brick {}: {} more ranges were lost meanwhile", brick.name(), unsaid);
            }
            eventsSince = now;
            events = 0;
            unsaid = 0;
        }
        if (events == MAX_EVENTS) {
            unsaid++;
            return;
        }
        events++;
        String what = cause == Cause.WRITE_ERROR
                ? "answered, and neither the SSD nor the disk took it"
                : "newer than the disk and unreadable on the SSD";
        log.error(
                "Brick {}: {} bytes at {} are lost ({}): {}; {}",
                brick.name(),
                length,
                offset,
                inWords(cause),
                what,
                outlook);
    }

    private static String inWords(Cause cause) {
        return switch (cause) {
            case READ_ERROR -> "read error";
            case CHECKSUM -> "wrong checksum";
            case SSD_GONE -> "SSD gone";
            case WRITE_ERROR -> "write error";
        };
    }

    /** Takes a record at start. */
    void load(ByteBuffer key, ByteBuffer value) throws MetadataException {
        if (core.bug == PlantedBug.FORGETS_LOST) {
            return;
        }
        // As if never tried: a start may have brought the SSD back.
        ranges.load(key, value, brick.geometry().sizeBytes(), core.tick() - REST_TICKS);
    }

    /** The slot of a block outlived that its units were given up: a crash came between. */
    private void restore(long block, long units, LostRange given) {
        for (long rest = units; rest != 0; rest &= ~runOf(rest)) {
            long from = Math.max(given.offset(), start(block, rest));
            long to = Math.min(given.end(), end(block, rest));
            if (from < to) {
                overwritten(from, to - from);
                add(from, to - from, given.cause());
            }
        }
    }

    /**
     * At start: makes the list agree with the slots. What the SSD does not hold as dirty is no longer UNREADABLE. Takes time
     * for what is dirty, not for every block of a range.
     */
    void forgetWhatIsNotDirty() {
        if (ranges.isEmpty()) {
            return;
        }
        int shift = core.shape.blockShift();
        long[] dirty = dirtyBlocks();
        for (LostRange range : ranges.from(0, Integer.MAX_VALUE)) {
            long end = (range.end() - 1 >> shift) + 1;
            long next = range.offset() >> shift;
            int found = Arrays.binarySearch(dirty, next);
            for (int at = found < 0 ? -found - 1 : found; next < end; at++) {
                long block = at < dirty.length ? Math.min(end, dirty[at]) : end;
                if (range.state() == State.UNREADABLE && next < block) {
                    readable(next << shift, block - next << shift);
                } else if (range.state() == State.GONE && block < end) {
                    restore(block, core.slots.validMask(core.find(brick, block)), range);
                }
                next = block + 1;
            }
        }
    }

    /** The dirty blocks of the brick, in order. */
    private long[] dirtyBlocks() {
        return IntStream.range(0, core.slots.slots())
                .filter(slot -> core.slots.state(slot) == SlotTable.DIRTY && core.slots.brick(slot) == brick.id())
                .mapToLong(core.slots::block)
                .sorted()
                .toArray();
    }

    public boolean isEmpty() {
        return ranges.isEmpty();
    }

    /** True if a byte of the range is in no slot and older on the disk. */
    boolean isGone(long offset, long length) {
        return ranges.isGone(offset, length);
    }

    /** As {@link #isGone}, or the durable records may go on to say so: what overwrites it has to be durable before they change. */
    boolean isRecordedGone(long offset, long length) {
        return isGone(offset, length)
                || returning.stream().anyMatch(range -> range.offset() < offset + length && offset < range.end());
    }

    boolean hasGone() {
        return ranges.hasGone();
    }

    /** True if more is lost than is listed. */
    public boolean isFull() {
        return ranges.isFull();
    }

    /** Bytes that are lost. */
    public long bytes() {
        return ranges.bytes();
    }

    /** Blocks that have a lost byte. */
    public long blocks() {
        return ranges.blocks(core.shape.blockShift());
    }

    /** Dirty blocks that cannot be read. */
    public long unreadableBlocks() {
        return ranges.blocks(core.shape.blockShift(), State.UNREADABLE);
    }

    /** Up to {@code max} ranges that end beyond {@code offset}, in order. */
    public List<LostRange> from(long offset, int max) {
        return ranges.from(offset, max);
    }

    /** As {@link #resting(long, int)}, of a region. */
    public int restingIn(int region) {
        return resting(brick.regions().firstBlock(region), brick.regions().blocksPerRegion());
    }

    /** Dirty blocks of [first, first + count) that could not be read a short while ago: trying again can wait. */
    int resting(long firstBlock, int count) {
        if (ranges.isEmpty()) {
            return 0;
        }
        int shift = core.shape.blockShift();
        long end = firstBlock + count;
        long next = firstBlock;
        int resting = 0;
        int tick = core.tick();
        for (LostRange range : ranges.overlapping(firstBlock << shift, end << shift)) {
            if (range.state() == State.UNREADABLE && tick - range.triedTick() < REST_TICKS) {
                long from = Math.max(next, range.offset() >> shift);
                next = Math.min(end, (range.end() - 1 >> shift) + 1);
                resting += (int) Math.max(0, next - from);
            }
        }
        return resting;
    }
}
