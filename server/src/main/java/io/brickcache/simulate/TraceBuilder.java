package io.brickcache.simulate;

import io.brickcache.cache.CachedBrick;
import java.util.Arrays;

/** Collects the requests of a trace and checks each of them. */
final class TraceBuilder {

    /** The engine needs memory for every region of a disk. */
    private static final long MAX_DISK_BYTES = 64L << 40;

    private static final int SECTOR_BYTES = 512;

    private int count;
    private long[] timesNs = new long[1024];
    private byte[] ops = new byte[1024];
    private long[] offsets = new long[1024];
    private int[] lengths = new int[1024];
    /** The times are the numbers of the requests, in the unit of the format. */
    private boolean numbered = true;

    /** A request cannot be used; says why and what to do, but not where it stands. */
    static final class BadRequest extends Exception {
        private static final long serialVersionUID = 1;

        BadRequest(String message) {
            super(message);
        }
    }

    int count() {
        return count;
    }

    /**
     * Adds a request.
     *
     * @param time in units of {@code unitNs} nanoseconds, from any origin
     */
    void add(long time, int unitNs, TraceOp op, long offset, long length) throws BadRequest {
        if (op != TraceOp.FLUSH) {
            check(offset, length);
        }
        if (time < 0 || time > Long.MAX_VALUE / unitNs) {
            throw new BadRequest(
                    "the time " + time + " is out of range; times are counted from the start of the trace");
        }
        long timeNs = time * unitNs;
        if (count > 0 && timeNs < timesNs[count - 1]) {
            throw new BadRequest("its time is before that of the request before it; sort the trace by time");
        }
        if (count == timesNs.length) {
            grow();
        }
        numbered &= count == 0 ? time <= 1 : timeNs - timesNs[count - 1] == unitNs;
        timesNs[count] = timeNs;
        ops[count] = (byte) op.ordinal();
        offsets[count] = op == TraceOp.FLUSH ? 0 : offset;
        lengths[count] = op == TraceOp.FLUSH ? 0 : (int) length;
        count++;
    }

    private static void check(long offset, long length) throws BadRequest {
        if (length <= 0 || length > CachedBrick.MAX_TRANSFER_BYTES) {
            throw new BadRequest("the length is " + length + " bytes, must be 512 to " + CachedBrick.MAX_TRANSFER_BYTES
                    + "; divide longer requests");
        }
        if (offset < 0 || offset > MAX_DISK_BYTES - length) {
            throw new BadRequest("the offset " + offset
                    + " lies beyond the 64 TiB that can be simulated; offsets are counted in bytes from 0");
        }
        if (offset % SECTOR_BYTES != 0 || length % SECTOR_BYTES != 0) {
            throw new BadRequest("offset " + offset + " and length " + length
                    + " must be multiples of 512 bytes, as for a disk; record below the page cache");
        }
    }

    private void grow() {
        int room = 2 * count;
        timesNs = Arrays.copyOf(timesNs, room);
        ops = Arrays.copyOf(ops, room);
        offsets = Arrays.copyOf(offsets, room);
        lengths = Arrays.copyOf(lengths, room);
    }

    /** The trace; the builder is of no use any more. Times that only number the requests are none. */
    Trace build(String name, boolean hasTimes) {
        boolean timed = hasTimes && !(numbered && count > 1);
        return new Trace(name, count, timesNs, ops, offsets, lengths, timed);
    }
}
