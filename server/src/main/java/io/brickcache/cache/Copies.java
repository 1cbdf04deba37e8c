package io.brickcache.cache;

import io.brickcache.block.IoBuffer;
import io.brickcache.cache.index.BlockShape;

/** Copies between the buffers of a block. */
final class Copies {

    private Copies() {}

    /** The units in {@code mask} of the block at {@code sourceAt} to the block at {@code targetAt}. */
    static void units(BlockShape shape, long mask, IoBuffer source, int sourceAt, IoBuffer target, int targetAt) {
        unitsOutside(shape, mask, source, sourceAt, target, targetAt, 0, 0);
    }

    /** As {@link #units}, but not the bytes [keepFrom, keepTo) of the target block. */
    static void unitsOutside(
            BlockShape shape,
            long mask,
            IoBuffer source,
            int sourceAt,
            IoBuffer target,
            int targetAt,
            int keepFrom,
            int keepTo) {
        int unit = shape.unitBytes();
        long rest = mask;
        while (rest != 0) {
            int i = Long.numberOfTrailingZeros(rest);
            rest &= rest - 1;
            int start = i * unit;
            int end = start + unit;
            if (keepFrom >= keepTo || end <= keepFrom || start >= keepTo) {
                bytes(source, sourceAt, target, targetAt, start, end);
            } else {
                bytes(source, sourceAt, target, targetAt, start, keepFrom);
                bytes(source, sourceAt, target, targetAt, keepTo, end);
            }
        }
    }

    private static void bytes(IoBuffer source, int sourceAt, IoBuffer target, int targetAt, int start, int end) {
        if (end > start) {
            target.bytes().put(targetAt + start, source.bytes(), sourceAt + start, end - start);
        }
    }
}
