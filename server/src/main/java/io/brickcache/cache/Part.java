package io.brickcache.cache;

import io.brickcache.block.IoBuffer;
import io.brickcache.cache.index.BlockShape;
import org.jspecify.annotations.Nullable;

/**
 * What an operation works on: at most 1 MiB of a request, in one aligned MiB of the brick, and where its data lies.
 * Belongs to a pooled operation; empty while that is in the pool.
 */
final class Part {

    private final BlockShape shape;
    private @Nullable CachedBrick brick;
    private @Nullable Parts parts;
    private @Nullable IoBuffer buffer;
    private int at;
    private long firstBlock;
    private int from;
    private int to;
    private int blocks;

    Part(BlockShape shape) {
        this.shape = shape;
    }

    /**
     * Fills it.
     *
     * @param newBuffer null for what has no data
     * @param newAt where {@code newFirstBlock} begins in the buffer
     * @param newFrom first byte asked for, from the start of the first block
     * @param newTo end of the bytes asked for, from the start of the first block
     */
    void set(
            CachedBrick newBrick,
            Parts newParts,
            @Nullable IoBuffer newBuffer,
            int newAt,
            long newFirstBlock,
            int newFrom,
            int newTo) {
        brick = newBrick;
        parts = newParts;
        buffer = newBuffer;
        at = newAt;
        firstBlock = newFirstBlock;
        from = newFrom;
        to = newTo;
        blocks = (newTo - 1 >> shape.blockShift()) + 1;
    }

    /** Takes over the part of another operation, which forgets it. */
    void moveFrom(Part other) {
        set(other.brick(), other.parts(), other.buffer, other.at, other.firstBlock, other.from, other.to);
        other.clear();
    }

    /** Gives the blocks from {@code i} on to another part of the same request. */
    void split(int i, Part rest) {
        int start = i << shape.blockShift();
        rest.set(brick(), parts(), buffer, at(i), firstBlock + i, 0, to - start);
        set(brick(), parts(), buffer, at, firstBlock, from, start);
    }

    void clear() {
        brick = null;
        parts = null;
        buffer = null;
    }

    CachedBrick brick() {
        return Required.of(brick);
    }

    Parts parts() {
        return Required.of(parts);
    }

    IoBuffer buffer() {
        return Required.of(buffer);
    }

    /** Where block {@code i} of the part begins in the buffer. */
    int at(int i) {
        return at + (i << shape.blockShift());
    }

    long firstBlock() {
        return firstBlock;
    }

    /** First byte asked for, from the start of the brick. */
    long offset() {
        return (firstBlock << shape.blockShift()) + from;
    }

    /** Where block {@code i} of the part begins, from the start of the brick. */
    long offset(int i) {
        return firstBlock + i << shape.blockShift();
    }

    long lastBlock() {
        return firstBlock + blocks - 1;
    }

    int blocks() {
        return blocks;
    }

    /** First byte asked for, from the start of the first block. */
    int from() {
        return from;
    }

    /** End of the bytes asked for, from the start of the first block. */
    int to() {
        return to;
    }

    int bytes() {
        return to - from;
    }

    /** First byte asked for of block {@code i}, from the block's start. */
    int fromIn(int i) {
        return Math.max(0, from - (i << shape.blockShift()));
    }

    /** End of the bytes asked for of block {@code i}, from the block's start. */
    int toIn(int i) {
        return Math.min(shape.blockBytes(), to - (i << shape.blockShift()));
    }
}
