package io.brickcache.block;

/**
 * Asks a device to describe a range ({@link IoOp#EXTENTS}). The device appends adjacent extents from the start of the
 * range with {@link #add}; it may stop early, but describes at least one byte. Extents of equal state are merged.
 */
public abstract class ExtentsRequest extends IoRequest {

    /** What is asked. */
    public enum Context {
        /** State bits {@link #HOLE} and {@link #ZERO}. */
        ALLOCATION,
        /** States {@link #NOT_CACHED}, {@link #CLEAN}, {@link #DIRTY}. */
        RESIDENCY
    }

    /** base:allocation, as the NBD protocol numbers its bits. */
    public static final int HOLE = 1;

    public static final int ZERO = 1 << 1;

    public static final int NOT_CACHED = 0;
    public static final int CLEAN = 1;
    public static final int DIRTY = 2;

    /** No answer has more extents than this; the caller asks again for the rest. */
    public static final int MAX_EXTENTS = 1024;

    private final long[] lengths = new long[MAX_EXTENTS];
    private final int[] states = new int[MAX_EXTENTS];
    private int count;
    private Context context = Context.ALLOCATION;

    public final void prepareExtents(Context context, long offset, long length) {
        prepare(IoOp.EXTENTS, offset, length, 0);
        this.context = context;
        this.count = 0;
    }

    public final Context context() {
        return context;
    }

    /**
     * Appends an extent.
     *
     * @return false if there is no room: the device stops there
     */
    public final boolean add(long lengthBytes, int state) {
        if (count > 0 && states[count - 1] == state) {
            lengths[count - 1] += lengthBytes;
            return true;
        }
        if (count == MAX_EXTENTS) {
            return false;
        }
        lengths[count] = lengthBytes;
        states[count] = state;
        count++;
        return true;
    }

    public final int count() {
        return count;
    }

    /** Bytes of extent {@code i}. */
    public final long extentLength(int i) {
        return lengths[i];
    }

    public final int extentState(int i) {
        return states[i];
    }
}
