package io.brickcache.cache;

/**
 * A sequential stream of writes that has the disk of its brick for itself. Only such a stream is written around the cache,
 * for only it costs no positioning: otherwise demotion would have written more for one. It takes {@link
 * Heuristics#soleStreamBytes} without any other request before the disk is positioned for it, and it lasts while the disk
 * does nothing else.
 */
final class SoleStream {

    private final long leastBytes;
    private long end = -1;
    private long bytes;
    private boolean around;
    /** Where the stream began to go around, and where the disk's head was then. */
    private long aroundFrom;

    private long endBefore;

    SoleStream(long leastBytes) {
        this.leastBytes = leastBytes;
    }

    /** A client reads or writes. */
    void request(long offset, long length) {
        if (offset == end) {
            bytes += length;
        } else {
            bytes = length;
            around = false;
        }
        end = offset + length;
    }

    /**
     * True if the write, which {@link #request} was told of, is better written around.
     *
     * @param offset of the write
     * @param head of the disk: where it was when the stream began to go around, while the first writes wait for a commit or a
     *     gate, or behind one of those
     */
    boolean goesAround(long offset, DiskHead head) {
        if (around && head.end() != endBefore && (head.end() < aroundFrom || head.end() > offset)) {
            around = false;
            bytes = 0;
        } else if (!around && bytes >= leastBytes) {
            around = true;
            aroundFrom = offset;
            endBefore = head.end();
        }
        return around;
    }

    /** True if its last write went around: the disk is where it goes on. */
    boolean isAround() {
        return around;
    }
}
