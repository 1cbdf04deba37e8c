package io.brickcache.cache.policy;

/**
 * Finds sequential streams among the requests of a brick, many at once: a request that begins where an earlier one ended
 * continues its stream. A table by place: two streams that fall on the same row push each other out, and are found anew.
 */
public final class ReadStreams {

    private static final int ROWS = 256;

    /** Where the stream goes on; 0 for no stream. */
    private final long[] next = new long[ROWS];

    private final long[] bytes = new long[ROWS];

    /** Bytes of the stream up to and with this request. */
    public long read(long offset, long length) {
        long run = length;
        int from = row(offset);
        if (next[from] == offset) {
            run += bytes[from];
            next[from] = 0;
        }
        int to = row(offset + length);
        next[to] = offset + length;
        bytes[to] = run;
        return run;
    }

    private static int row(long offset) {
        return (int) (offset * 0x9E3779B97F4A7C15L >>> 56);
    }
}
