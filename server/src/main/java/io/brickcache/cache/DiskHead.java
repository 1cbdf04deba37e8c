package io.brickcache.cache;

/** Where the head of a brick's disk is, as far as the cache's own requests tell. */
final class DiskHead {

    /** A gap that passes under the head sooner than the head could go elsewhere. */
    private static final long MAX_GAP_BYTES = 128 << 10;

    private long end = -1;

    /** A request ends at this offset of the disk. */
    void moved(long newEnd) {
        end = newEnd;
    }

    /** Where the last request ends. */
    long end() {
        return end;
    }

    /** True if a request at this offset needs no positioning. */
    boolean reaches(long offset) {
        return end >= 0 && offset >= end && offset - end <= MAX_GAP_BYTES;
    }
}
