package io.brickcache.cache;

import io.brickcache.cache.policy.ReadAround;

/**
 * What a read takes from the disk of the blocks that it misses. Whole blocks if what is around in the cluster pays, and the
 * cluster's part of them if that is less; without room for copies, and if nothing pays, what is asked for alone: not a byte
 * that the next request of a sequence would have to go back for.
 */
final class ReadExtent {

    private final CacheCore core;
    private final Part part;
    private final int blockBytes;

    /** Both from the start of the part's first block. */
    private int from;

    private int to;

    ReadExtent(CacheCore core, Part part) {
        this.core = core;
        this.part = part;
        this.blockBytes = core.shape.blockBytes();
    }

    /** For a read that nobody asked for: all of the part's blocks. */
    void chooseWhole() {
        from = 0;
        to = part.blocks() * blockBytes;
    }

    /**
     * For a client's read.
     *
     * @param ofStream what it reads whole is not promoted
     */
    void choose(boolean ofStream) {
        int cluster = core.copiesReads() ? part.brick().neighbourhood().clusterBytes() : 0;
        boolean pays = cluster > ReadAround.GRAIN_BYTES;
        if (pays && cluster < blockBytes) {
            from = part.from() & -cluster;
            to = part.to() + cluster - 1 & -cluster;
        } else if (!pays && (ofStream || cluster == 0 || core.shape.isAligned(part.from(), part.to()))) {
            from = part.from();
            to = part.to();
        } else {
            // Also for what is not aligned: halves of units cannot be cached.
            chooseWhole();
        }
    }

    /** Units of block {@code i} that are read if it is. */
    long units(int i) {
        int start = i * blockBytes;
        long units = core.shape.mask(Math.max(0, from - start), Math.min(blockBytes, to - start));
        return units & part.brick().fullMask(part.firstBlock() + i);
    }

    /** Where reading block {@code i} begins, from the start of the part's first block. */
    int start(int i) {
        return Math.max(from, i * blockBytes);
    }

    /** Where reading ends if block {@code i} is the last one, from the start of the part's first block. */
    int end(int i) {
        long ofBrick = part.brick().geometry().sizeBytes() - part.offset(0);
        return (int) Math.min(Math.min(to, (i + 1) * blockBytes), ofBrick);
    }
}
