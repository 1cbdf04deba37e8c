package io.brickcache.cache;

import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.policy.ReadAround;

/**
 * What a read takes from the disk of the blocks that it misses. Whole blocks if what is around in the cluster pays, and the
 * cluster's part of them if that is less; without room for copies, and if nothing pays, what is asked for alone: not a byte
 * that the next request of a sequence would have to go back for. All bytes count from the start of the first block of the
 * read.
 */
final class ReadExtent {

    private final BlockShape shape;
    private int from;
    private int to;

    ReadExtent(BlockShape shape) {
        this.shape = shape;
    }

    /**
     * Reads whole blocks.
     *
     * @param askedTo end of what is asked for
     */
    void chooseWhole(int askedTo) {
        from = 0;
        to = askedTo + shape.blockBytes() - 1 & -shape.blockBytes();
    }

    /**
     * Reads what is best for the bytes [askedFrom, askedTo).
     *
     * @param clusterBytes as {@link Neighbourhood#clusterBytes}; 0 if not a byte more is to be read
     * @param ofStream what is read whole is not promoted
     */
    void choose(int askedFrom, int askedTo, int clusterBytes, boolean ofStream) {
        boolean pays = clusterBytes > ReadAround.GRAIN_BYTES;
        if (pays && clusterBytes < shape.blockBytes()) {
            from = askedFrom & -clusterBytes;
            to = askedTo + clusterBytes - 1 & -clusterBytes;
        } else if (!pays && (ofStream || clusterBytes == 0 || shape.isAligned(askedFrom, askedTo))) {
            from = askedFrom;
            to = askedTo;
        } else {
            // Also for what is not aligned: halves of units cannot be cached.
            chooseWhole(askedTo);
        }
    }

    /** Units of block {@code i} that are read if the block is. */
    long units(int i) {
        int start = i * shape.blockBytes();
        return shape.mask(Math.max(0, from - start), Math.min(shape.blockBytes(), to - start));
    }

    /** Where reading begins if block {@code i} is the first that is read. */
    int start(int i) {
        return Math.max(from, i * shape.blockBytes());
    }

    /** Where reading ends if block {@code i} is the last that is read; the brick may end before. */
    int end(int i) {
        return Math.min(to, (i + 1) * shape.blockBytes());
    }
}
