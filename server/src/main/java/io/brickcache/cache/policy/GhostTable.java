package io.brickcache.cache.policy;

/**
 * Remembers about as many evicted blocks as the cache has slots, by 16 bits of a hash: rows of eight, first in first
 * out within a row. A false match has a chance of about 1 in 8,000 and costs no more than a place in the main queue.
 */
final class GhostTable {

    private static final int ROW = 8;

    private final short[] prints;
    private final int rows;
    /** Nothing has been added: nobody need look, least of all for every slot at start. */
    private boolean empty = true;

    GhostTable(int entries) {
        rows = Math.max(1, entries / ROW);
        prints = new short[rows * ROW];
    }

    void add(long hash) {
        empty = false;
        int at = row(hash);
        System.arraycopy(prints, at, prints, at + 1, ROW - 1);
        prints[at] = print(hash);
    }

    /** True if the hash was remembered; it no longer is. */
    boolean remove(long hash) {
        if (empty) {
            return false;
        }
        int at = row(hash);
        short print = print(hash);
        for (int i = at; i < at + ROW; i++) {
            if (prints[i] == print) {
                System.arraycopy(prints, i + 1, prints, i, at + ROW - 1 - i);
                prints[at + ROW - 1] = 0;
                return true;
            }
        }
        return false;
    }

    long memoryBytes() {
        return 2L * prints.length;
    }

    private int row(long hash) {
        return (int) ((hash >>> 32) * rows >>> 32) * ROW;
    }

    private static short print(long hash) {
        short print = (short) hash;
        return print == 0 ? 1 : print;
    }
}
