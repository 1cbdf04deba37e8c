package io.brickcache.cache;

/**
 * How often the disk of a brick positioned because of the cache: how often it did, less how often it would have for the same
 * requests without one, one after the other. That is below zero wherever caching pays. Where it is not, the disk is spared until it is
 * again: what is not dirty is written to the disk alone and demotion waits; then what is dirty goes to the disk, too, and nothing is
 * read that nobody asked for. That costs what no cache costs, so that a load for which the cache is too small does not pay for
 * it.
 *
 * <p>Only while much is dirty: as long as there is room, a write on the SSD is answered sooner, whatever it costs later. What
 * caching saved long ago is no credit: a dirty block may cost a positioning, and little more is remembered.
 *
 * <p>The word is that of online learning: what an algorithm loses against a fixed one. Evidence:
 * docs/adr/0007-disk-positioning.md.
 */
final class DiskRegret {

    /** What may come on top of what is dirty: reading around has to learn first, and pays for it. */
    private static final int SLACK = 64;

    /** A load that has changed pays for the one before no longer than this. */
    private static final int MOST = 2 * SLACK;

    /** One positioning is forgiven for so many that would have been without a cache: then caching is tried again. */
    private static final int TRIED_AGAIN = 256;

    private final int allowed;
    private final DiskHead without = new DiskHead();
    private long regret;
    private int untilTriedAgain = TRIED_AGAIN;
    private boolean sparing;

    /**
     * @param allowed as {@link Heuristics#allowedRegret}
     */
    DiskRegret(int allowed) {
        this.allowed = allowed;
    }

    /** So many blocks are dirty from before: each has saved a positioning. */
    void restored(long dirtyBlocks) {
        regret = -dirtyBlocks;
    }

    /** A client asks for what would move the disk if there were no cache. */
    void asked(long offset, long length) {
        if (!without.reaches(offset)) {
            regret--;
            if (--untilTriedAgain == 0) {
                untilTriedAgain = TRIED_AGAIN;
                regret -= regret > 0 ? 1 : 0;
            }
        }
        without.moved(offset + length);
    }

    /**
     * The disk is going to read or write for clients or for the cache.
     *
     * @param head where it is
     */
    void used(DiskHead head, long offset) {
        if (!head.reaches(offset)) {
            regret++;
        }
    }

    /**
     * Decides anew whether the disk is spared.
     *
     * @param full much is dirty; otherwise nothing begins to be spared
     */
    void weigh(boolean full, long dirtyBlocks) {
        regret = Math.max(-dirtyBlocks - SLACK, Math.min(regret, MOST));
        if (regret <= allowed) {
            sparing = false;
        } else if (full) {
            sparing = true;
        }
    }

    /** True if blocks that are not dirty are written to the disk alone. */
    boolean isSparing() {
        return sparing;
    }

    /**
     * True if also dirty ones are, and nothing is read around what is asked for. Writing them to the SSD again costs the disk
     * nothing by itself, but as long as they stay dirty they are holes in what is written around them.
     */
    boolean isSparingAll() {
        return sparing && regret > SLACK;
    }
}
