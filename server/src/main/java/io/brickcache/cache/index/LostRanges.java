package io.brickcache.cache.index;

import io.brickcache.cache.index.LostRange.Cause;
import io.brickcache.cache.index.LostRange.State;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore.Family;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The lost ranges of one brick, in order, none overlapping another; neighbours of the same cause and state are one, since
 * the earlier of their times. Kept in the LOST family, in chunks:
 *
 * <pre>
 * key: brick 1, chunk 4      value: version 1, count 2, count x { offset 8, length 8, since 8, cause 1, state 1 }, CRC32C 4
 * </pre>
 *
 * <p>For what is UNREADABLE the slot is the truth and the list a report: it may be left out. What is GONE is known from
 * the list alone: it is never left out. So beyond {@link #MAX_RANGES} nothing UNREADABLE is added, a hole in an UNREADABLE
 * range drops the smaller side of it, and only what is GONE, and holes in that, still make more of them.
 */
public final class LostRanges {

    /** About 700 KiB on the heap, 100 KiB in the metadata. */
    public static final int MAX_RANGES = 4096;

    private static final byte VERSION = 1;
    private static final int CHUNK = 512;
    private static final int ENTRY_BYTES = 26;
    private static final int HEADER_BYTES = 3;
    private static final Cause[] CAUSES = Cause.values();
    private static final State[] STATES = State.values();

    private final int brick;
    private final int maxRanges;
    private final TreeMap<Long, LostRange> ranges = new TreeMap<>();
    private final CRC32C crc = new CRC32C();
    private int gone;
    private boolean full;

    public LostRanges(int brick) {
        this(brick, MAX_RANGES);
    }

    LostRanges(int brick, int maxRanges) {
        this.brick = brick;
        this.maxRanges = maxRanges;
    }

    public boolean isEmpty() {
        return ranges.isEmpty();
    }

    public int size() {
        return ranges.size();
    }

    /** True if something UNREADABLE is not listed, since the list was last empty. */
    public boolean isFull() {
        return full;
    }

    /** True if so many ranges can be added. */
    public boolean hasRoom(int more) {
        return ranges.size() + more <= maxRanges;
    }

    /** True if a range is GONE. */
    public boolean hasGone() {
        return gone > 0;
    }

    /** What a new range did to the list. */
    public enum Added {
        /** At least a part of it was not listed before. */
        NEW,
        KNOWN,
        /** The list is full: nothing was changed. */
        REFUSED
    }

    /** Adds [offset, offset + length); what is GONE stays so. */
    public Added add(long offset, long length, long sinceMs, Cause cause, State state, int tick) {
        long end = offset + length;
        Added result = Added.KNOWN;
        long at = offset;
        if (state == State.UNREADABLE) {
            for (LostRange other : overlapping(offset, end)) {
                if (other.state() == State.GONE) {
                    if (at < other.offset()) {
                        result = worst(result, put(at, other.offset(), sinceMs, cause, state, tick));
                    }
                    at = other.end();
                }
            }
        }
        return at < end ? worst(result, put(at, end, sinceMs, cause, state, tick)) : result;
    }

    private static Added worst(Added one, Added other) {
        if (one == Added.REFUSED || other == Added.REFUSED) {
            return Added.REFUSED;
        }
        return one == Added.NEW ? one : other;
    }

    private Added put(long offset, long end, long sinceMs, Cause cause, State state, int tick) {
        List<LostRange> covered = overlapping(offset, end);
        LostRange before = neighbour(ranges.lowerEntry(offset), cause, state);
        LostRange after = neighbour(ranges.ceilingEntry(end), cause, state);
        boolean joins = before != null && before.end() >= offset || after != null && after.offset() == end;
        if (state == State.UNREADABLE && covered.isEmpty() && !joins && ranges.size() >= maxRanges) {
            full = true;
            return Added.REFUSED;
        }
        long since = sinceMs;
        long known = 0;
        for (LostRange other : covered) {
            since = Math.min(since, other.sinceMs());
            known += Math.min(end, other.end()) - Math.max(offset, other.offset());
        }
        cut(offset, end, true);
        long from = offset;
        long to = end;
        before = neighbour(ranges.lowerEntry(offset), cause, state);
        if (before != null && before.end() == offset) {
            from = before.offset();
            since = Math.min(since, before.sinceMs());
            take(before);
        }
        after = neighbour(ranges.ceilingEntry(end), cause, state);
        if (after != null && after.offset() == end) {
            to = after.end();
            since = Math.min(since, after.sinceMs());
            take(after);
        }
        insert(new LostRange(from, to - from, since, cause, state, tick));
        return known == end - offset ? Added.KNOWN : Added.NEW;
    }

    private static @Nullable LostRange neighbour(Map.@Nullable Entry<Long, LostRange> entry, Cause cause, State state) {
        return entry != null
                        && entry.getValue().cause() == cause
                        && entry.getValue().state() == state
                ? entry.getValue()
                : null;
    }

    /** [offset, offset + length) was overwritten: it is not lost any more. True if the list changed. */
    public boolean remove(long offset, long length) {
        return cut(offset, offset + length, true);
    }

    /** [offset, offset + length) could be read: it is not UNREADABLE any more. True if the list changed. */
    public boolean removeUnreadable(long offset, long length) {
        return cut(offset, offset + length, false);
    }

    private boolean cut(long offset, long end, boolean alsoGone) {
        boolean changed = false;
        for (LostRange other : overlapping(offset, end)) {
            if (other.state() == State.GONE && !alsoGone) {
                continue;
            }
            changed = true;
            take(other);
            LostRange left = other.offset() < offset ? other.withBounds(other.offset(), offset) : null;
            LostRange right = end < other.end() ? other.withBounds(end, other.end()) : null;
            if (left != null && right != null && other.state() == State.UNREADABLE && ranges.size() + 2 > maxRanges) {
                full = true;
                if (left.length() < right.length()) {
                    left = null;
                } else {
                    right = null;
                }
            }
            if (left != null) {
                insert(left);
            }
            if (right != null) {
                insert(right);
            }
        }
        if (ranges.isEmpty()) {
            full = false;
        }
        return changed;
    }

    private void insert(LostRange range) {
        ranges.put(range.offset(), range);
        gone += range.state() == State.GONE ? 1 : 0;
    }

    private void take(LostRange range) {
        ranges.remove(range.offset());
        gone -= range.state() == State.GONE ? 1 : 0;
    }

    /** True if any byte of [offset, offset + length) is GONE. */
    public boolean isGone(long offset, long length) {
        if (gone == 0) {
            return false;
        }
        for (LostRange other : overlapping(offset, offset + length)) {
            if (other.state() == State.GONE) {
                return true;
            }
        }
        return false;
    }

    /** The ranges that have bytes in [offset, end), whole, in order. */
    public List<LostRange> overlapping(long offset, long end) {
        return overlapping(ranges, offset, end);
    }

    private static List<LostRange> overlapping(NavigableMap<Long, LostRange> ranges, long offset, long end) {
        if (ranges.isEmpty()) {
            return List.of();
        }
        Map.Entry<Long, LostRange> first = ranges.lowerEntry(offset);
        boolean reaches = first != null && first.getValue().end() > offset;
        List<LostRange> found = new ArrayList<>();
        if (reaches) {
            found.add(first.getValue());
        }
        found.addAll(ranges.subMap(offset, Math.max(offset, end)).values());
        return found;
    }

    /** Up to {@code max} ranges that end beyond {@code offset}, in order. */
    public List<LostRange> from(long offset, int max) {
        List<LostRange> found = new ArrayList<>();
        for (LostRange range : ranges.values()) {
            if (range.end() > offset && found.size() < max) {
                found.add(range);
            }
        }
        return found;
    }

    public long bytes() {
        long bytes = 0;
        for (LostRange range : ranges.values()) {
            bytes += range.length();
        }
        return bytes;
    }

    /** Blocks of {@code 1 << blockShift} bytes that have a lost byte. */
    public long blocks(int blockShift) {
        return blocks(blockShift, null);
    }

    /** As {@link #blocks(int)}, of one state, or of any. */
    public long blocks(int blockShift, @Nullable State state) {
        long blocks = 0;
        long last = -1;
        for (LostRange range : ranges.values()) {
            if (state != null && range.state() != state) {
                continue;
            }
            long from = Math.max(last + 1, range.offset() >> blockShift);
            last = range.end() - 1 >> blockShift;
            blocks += Math.max(0, last - from + 1);
        }
        return blocks;
    }

    /** Replaces the records of the brick by what is listed now. */
    public void save(MetadataBatch batch) {
        save(batch, List.of());
    }

    /** As {@link #save(MetadataBatch)}, with what further ranges have and neither the list nor one before them has. */
    public void save(MetadataBatch batch, List<LostRange> further) {
        TreeMap<Long, LostRange> union = new TreeMap<>(ranges);
        further.forEach(range -> addUncovered(union, range));
        List<LostRange> all = List.copyOf(union.values());
        int chunk = 0;
        for (int at = 0; at < all.size(); at += CHUNK) {
            put(batch, chunk, all.subList(at, Math.min(all.size(), at + CHUNK)));
            chunk++;
        }
        batch.deleteRange(Family.LOST, key(brick, chunk), key(brick, -1));
    }

    private static void addUncovered(NavigableMap<Long, LostRange> union, LostRange range) {
        long at = range.offset();
        for (LostRange other : overlapping(union, range.offset(), range.end())) {
            if (at < other.offset()) {
                union.put(at, range.withBounds(at, other.offset()));
            }
            at = Math.max(at, other.end());
        }
        if (at < range.end()) {
            union.put(at, range.withBounds(at, range.end()));
        }
    }

    private void put(MetadataBatch batch, int chunk, List<LostRange> some) {
        byte[] key = key(brick, chunk);
        ByteBuffer out = batch.beginPut(Family.LOST, key, HEADER_BYTES + some.size() * ENTRY_BYTES + 4);
        int start = out.position();
        out.put(VERSION).putShort((short) some.size());
        for (LostRange range : some) {
            out.putLong(range.offset())
                    .putLong(range.length())
                    .putLong(range.sinceMs())
                    .put((byte) range.cause().ordinal())
                    .put((byte) range.state().ordinal());
        }
        crc.reset();
        crc.update(key);
        crc.update(out.slice(start, out.position() - start));
        out.putInt((int) crc.getValue());
        batch.endPut();
    }

    /** The brick that a record belongs to. */
    public static int brickOf(ByteBuffer key) throws MetadataException {
        if (key.remaining() != 5) {
            throw corrupt("has a key of " + key.remaining() + " bytes");
        }
        return Byte.toUnsignedInt(key.get(key.position()));
    }

    /**
     * Takes a record of this brick.
     *
     * @param sizeBytes of the brick
     * @param tick when its ranges count as tried last
     */
    public void load(ByteBuffer key, ByteBuffer value, long sizeBytes, int tick) throws MetadataException {
        int bytes = value.remaining();
        if (key.remaining() != 5 || key.getInt(key.position() + 1) < 0) {
            // No range of keys that is deleted ends behind chunk -1: such a record would outlive every save.
            throw corrupt("has a key that was never written");
        }
        if (bytes < HEADER_BYTES + 4) {
            throw corrupt("has " + bytes + " bytes");
        }
        int start = value.position();
        crc.reset();
        crc.update(key.duplicate());
        crc.update(value.slice(start, bytes - 4));
        if ((int) crc.getValue() != value.getInt(start + bytes - 4)) {
            throw corrupt("has a wrong checksum");
        }
        byte version = value.get();
        if (version != VERSION) {
            throw new MetadataException(
                    Kind.MISMATCH,
                    "a record of lost blocks has version " + version + ", this program knows " + VERSION);
        }
        int count = Short.toUnsignedInt(value.getShort());
        if (bytes != HEADER_BYTES + count * ENTRY_BYTES + 4) {
            throw corrupt("has " + bytes + " bytes for " + count + " ranges");
        }
        for (int i = 0; i < count; i++) {
            loadRange(value, sizeBytes, tick);
        }
    }

    private void loadRange(ByteBuffer value, long sizeBytes, int tick) throws MetadataException {
        long offset = value.getLong();
        long length = value.getLong();
        long sinceMs = value.getLong();
        int cause = value.get();
        int state = value.get();
        boolean known = cause >= 0 && cause < CAUSES.length && state >= 0 && state < STATES.length;
        if (!known || offset < 0 || length <= 0 || length > sizeBytes - offset) {
            throw corrupt("has a range of " + length + " bytes at " + offset + " of a brick of " + sizeBytes
                    + ", cause " + cause + ", state " + state);
        }
        if (!overlapping(offset, offset + length).isEmpty()) {
            throw corrupt("has overlapping ranges at " + offset);
        }
        insert(new LostRange(offset, length, sinceMs, CAUSES[cause], STATES[state], tick));
    }

    /** Deletes all records of a brick. */
    public static void deleteAll(MetadataBatch batch, int brick) {
        batch.deleteRange(Family.LOST, key(brick, 0), key(brick, -1));
    }

    private static byte[] key(int brick, int chunk) {
        return ByteBuffer.allocate(5).put((byte) brick).putInt(chunk).array();
    }

    private static MetadataException corrupt(String what) {
        return new MetadataException(Kind.CORRUPT, "a record of lost blocks " + what);
    }
}
