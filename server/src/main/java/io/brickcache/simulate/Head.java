package io.brickcache.simulate;

/** The head of a disk: where it is, and what the next I/O costs from there. */
final class Head {

    private static final long NOWHERE = Long.MIN_VALUE / 2;

    private final DiskModel model;
    private long at = NOWHERE;
    private boolean positioned;

    Head(DiskModel model) {
        this.model = model;
    }

    /** Nanoseconds of an I/O, which leaves the head at its end. */
    long move(long offset, long length) {
        long gap = offset - at;
        positioned = gap < 0 || gap > model.maxGapBytes();
        at = offset + length;
        return positioned ? model.positioningNs() + model.transferNs(length) : model.transferNs(gap + length);
    }

    /** Whether the last I/O had to position. */
    boolean positioned() {
        return positioned;
    }
}
