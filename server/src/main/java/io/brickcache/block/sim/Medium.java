package io.brickcache.block.sim;

import io.brickcache.env.sim.SeededEntropy;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a disk holds: content (sparse, zero at first) with a volatile write cache in front. It outlives the
 * {@link SimDevice}s that are opened on it one after the other.
 *
 * <p>Invariants: reads see the newest content. {@code unsynced} lists the changes in the order they were made, beginning
 * with one that is not synced; undoing all of them from the end gives content that the disk may fall back to. A sector
 * never falls back behind a synced change to it.
 */
public final class Medium {

    /** Content that may wait to be synced; beyond it the disk syncs the oldest by itself. */
    public static final long WRITE_CACHE_BYTES = 64L << 20;

    private static final int CHUNK_SHIFT = 15;
    private static final int CHUNK_BYTES = 1 << CHUNK_SHIFT;

    private final long sizeBytes;
    private final int sectorBytes;
    private final Map<Long, byte[]> chunks = new HashMap<>();
    private final ArrayDeque<Change> unsynced = new ArrayDeque<>();
    private long unsyncedBytes;
    private long lostBytes;
    private long ticks;

    /**
     * @param sizeBytes a multiple of {@code sectorBytes}, up to 1 TiB
     * @param sectorBytes 512 or 4096: what is written whole or not at all
     */
    public Medium(long sizeBytes, int sectorBytes) {
        if (sizeBytes % sectorBytes != 0) {
            throw new IllegalArgumentException(sizeBytes + " bytes are not whole sectors of " + sectorBytes);
        }
        this.sizeBytes = sizeBytes;
        this.sectorBytes = sectorBytes;
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    public int sectorBytes() {
        return sectorBytes;
    }

    /** Copies [offset, offset+length) to {@code to} at {@code toIndex}: what a READ would see now. */
    public void read(long offset, int length, ByteBuffer to, int toIndex) {
        for (int done = 0; done < length; ) {
            long at = offset + done;
            int inChunk = inChunk(at);
            int part = Math.min(length - done, CHUNK_BYTES - inChunk);
            byte[] chunk = chunks.get(at >> CHUNK_SHIFT);
            if (chunk != null) {
                to.put(toIndex + done, chunk, inChunk, part);
            } else {
                to.put(toIndex + done, ZEROES, 0, part);
            }
            done += part;
        }
    }

    /** Puts content there that has always been there: durable at once. For setting up a simulation. */
    public void preset(long offset, ByteBuffer from, int fromIndex, int length) {
        Change.Origin origin = new Change.Origin();
        origin.sync();
        write(origin, offset, from, fromIndex, length);
        dropSyncedHead();
    }

    /** True if the chunk about {@code offset} was never written, or zeroed whole since. */
    boolean isHole(long offset) {
        return !chunks.containsKey(offset >> CHUNK_SHIFT);
    }

    /** Bytes from {@code offset} to the end of the piece whose allocation is tracked as one. */
    long bytesToChunkEnd(long offset) {
        return Math.min(sizeBytes - offset, CHUNK_BYTES - inChunk(offset));
    }

    /** A point in the order of submits and answers. */
    long nextTick() {
        return ++ticks;
    }

    void write(Change.Origin origin, long offset, ByteBuffer from, int fromIndex, int length) {
        for (int done = 0; done < length; ) {
            long at = offset + done;
            int inChunk = inChunk(at);
            int part = Math.min(length - done, CHUNK_BYTES - inChunk);
            byte[] chunk = chunks.get(at >> CHUNK_SHIFT);
            if (chunk == null) {
                chunk = new byte[CHUNK_BYTES];
                chunks.put(at >> CHUNK_SHIFT, chunk);
                remember(origin, at, part, null);
            } else {
                remember(origin, at, part, Arrays.copyOfRange(chunk, inChunk, inChunk + part));
            }
            from.get(fromIndex + done, chunk, inChunk, part);
            done += part;
        }
    }

    void zero(Change.Origin origin, long offset, long length) {
        for (long done = 0; done < length; ) {
            long at = offset + done;
            int inChunk = inChunk(at);
            int part = (int) Math.min(length - done, CHUNK_BYTES - inChunk);
            byte[] chunk = chunks.get(at >> CHUNK_SHIFT);
            if (chunk != null && part == CHUNK_BYTES) {
                remember(origin, at, part, chunk);
                chunks.remove(at >> CHUNK_SHIFT);
            } else if (chunk != null) {
                remember(origin, at, part, Arrays.copyOfRange(chunk, inChunk, inChunk + part));
                Arrays.fill(chunk, inChunk, inChunk + part, (byte) 0);
            } else {
                remember(origin, at, part, null);
            }
            done += part;
        }
    }

    /** Makes durable what was answered before {@code tick}. */
    void syncAnsweredBefore(long tick) {
        for (Change change : unsynced) {
            change.origin.syncIfAnsweredBefore(tick);
        }
        dropSyncedHead();
    }

    /** What is not durable now never will be. */
    void loseUnsynced() {
        for (Change change : unsynced) {
            if (!change.origin.isSynced() && !change.origin.isDoomed()) {
                lostBytes += change.length;
            }
        }
        unsynced.forEach(change -> change.origin.doom());
    }

    /** Bytes written that no sync will ever reach. */
    public long lostBytes() {
        return lostBytes;
    }

    /** Makes one mutation durable. */
    void sync(Change.Origin origin) {
        origin.sync();
        dropSyncedHead();
    }

    /** Makes everything durable: the disk was given time before its power went. */
    public void syncAll() {
        unsynced.clear();
        unsyncedBytes = 0;
    }

    /**
     * The power goes. Each sector keeps its content or falls back to any it had since its last synced change; how much
     * falls back, and whether by sector, by mutation or by age, is drawn anew at each loss. Afterwards everything is
     * durable.
     */
    public void losePower(SeededEntropy entropy) {
        PowerLoss loss = new PowerLoss(entropy, unsynced.size());
        BitSet settled = new BitSet();
        int index = unsynced.size();
        for (Iterator<Change> newestFirst = unsynced.descendingIterator(); newestFirst.hasNext(); ) {
            Change change = newestFirst.next();
            index--;
            for (int done = 0; done < change.length; done += sectorBytes) {
                int sector = Math.toIntExact((change.offset + done) / sectorBytes);
                if (settled.get(sector)) {
                    continue;
                }
                if (change.origin.isSynced() || !change.origin.isDoomed() && loss.keeps(change.origin, index)) {
                    settled.set(sector);
                } else {
                    undo(change, done);
                }
            }
        }
        syncAll();
    }

    private void undo(Change change, int done) {
        long at = change.offset + done;
        byte[] chunk = chunks.computeIfAbsent(at >> CHUNK_SHIFT, key -> new byte[CHUNK_BYTES]);
        if (change.before == null) {
            Arrays.fill(chunk, inChunk(at), inChunk(at) + sectorBytes, (byte) 0);
        } else {
            System.arraycopy(change.before, done, chunk, inChunk(at), sectorBytes);
        }
    }

    private void remember(Change.Origin origin, long offset, int length, byte @Nullable [] before) {
        unsynced.add(new Change(origin, offset, length, before));
        unsyncedBytes += length;
        while (unsyncedBytes > WRITE_CACHE_BYTES) {
            unsyncedBytes -= unsynced.remove().length;
        }
    }

    private void dropSyncedHead() {
        for (Change head; (head = unsynced.peek()) != null && head.origin.isSynced(); ) {
            unsyncedBytes -= unsynced.remove().length;
        }
    }

    private static int inChunk(long offset) {
        return (int) offset & CHUNK_BYTES - 1;
    }

    private static final byte[] ZEROES = new byte[CHUNK_BYTES];
}
