package io.brickcache.cache;

/**
 * A sequential stream that has a brick for itself: each request begins where the one before ended. Only then does a write
 * around the cache cost no positioning.
 */
final class SoleStream {

    private long end = -1;
    private long bytes;

    /** Bytes of the stream up to and with this request; its own if another place was asked for before. */
    long request(long offset, long length) {
        bytes = offset == end ? bytes + length : length;
        end = offset + length;
        return bytes;
    }
}
