package io.brickcache.cache;

import io.brickcache.cache.index.LostRange;
import io.brickcache.cache.index.LostRange.Cause;
import io.brickcache.cache.index.LostRange.State;
import io.brickcache.cache.index.LostRanges;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.SlotTable;
import java.nio.ByteBuffer;
import java.util.List;
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

    /**
     * The bytes are in no slot any more and what the disk has is older: reads of them fail until they are overwritten.
     *
     * @return false if the list is full, and nothing may be given up
     */
    boolean giveUp(long offset, long length, Cause cause) {
        LostRanges.Added added =
                ranges.add(offset, length, core.loop.clock().epochMillis(), cause, State.GONE, core.tick());
        if (added == LostRanges.Added.REFUSED) {
            return false;
        }
        said(offset, length, cause, "the rest of the block was overwritten, this stays so until it is, too");
        changed();
        return true;
    }

    /** The bytes were read from the SSD as they were written. */
    void readable(long offset, long length) {
        if (!ranges.isEmpty() && ranges.removeUnreadable(offset, length)) {
            changed();
        }
    }

    /** The bytes were overwritten, by a slot of the open epoch or on the disk, synced. */
    void overwritten(long offset, long length) {
        if (!ranges.isEmpty() && ranges.remove(offset, length)) {
            changed();
        }
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
        ranges.save(batch);
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
        log.error(
                "Brick {}: {} bytes at {} are lost ({}): newer than the disk and unreadable on the SSD; {}",
                brick.name(),
                length,
                offset,
                cause == Cause.CHECKSUM ? "wrong checksum" : cause == Cause.READ_ERROR ? "read error" : "SSD gone",
                outlook);
    }

    /** Takes a record at start. */
    void load(ByteBuffer key, ByteBuffer value) throws MetadataException {
        // As if never tried: a start may have brought the SSD back.
        ranges.load(key, value, brick.geometry().sizeBytes(), core.tick() - REST_TICKS);
    }

    /** At start: what the SSD does not hold as dirty is no longer UNREADABLE. */
    void forgetWhatIsNotDirty() {
        int shift = core.shape.blockShift();
        for (LostRange range : ranges.from(0, Integer.MAX_VALUE)) {
            if (range.state() != State.UNREADABLE) {
                continue;
            }
            for (long block = range.offset() >> shift; block <= range.end() - 1 >> shift; block++) {
                int slot = core.find(brick, block);
                if (slot == SlotTable.NONE || core.slots.state(slot) != SlotTable.DIRTY) {
                    readable(block << shift, core.shape.blockBytes());
                }
            }
        }
    }

    public boolean isEmpty() {
        return ranges.isEmpty();
    }

    /** True if a byte of the range is in no slot and older on the disk. */
    boolean isGone(long offset, long length) {
        return ranges.isGone(offset, length);
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

    /** Up to {@code max} ranges that end beyond {@code offset}, in order. */
    public List<LostRange> from(long offset, int max) {
        return ranges.from(offset, max);
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
