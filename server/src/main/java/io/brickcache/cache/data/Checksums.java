package io.brickcache.cache.data;

import io.brickcache.block.IoBuffer;
import io.brickcache.cache.index.BlockShape;
import java.util.zip.CRC32C;

/** CRC32C (Castagnoli) of the valid units of a block. Loop-confined. */
public final class Checksums {

    private final CRC32C crc = new CRC32C();
    private final BlockShape shape;

    public Checksums(BlockShape shape) {
        this.shape = shape;
    }

    /** Of the units in {@code mask}, in order, of the block that begins at {@code at} in the buffer. */
    public int of(IoBuffer buffer, int at, long mask) {
        crc.reset();
        if (mask == shape.fullMask()) {
            crc.update(buffer.bytes(at, shape.blockBytes()));
        } else {
            int unit = shape.unitBytes();
            long rest = mask;
            while (rest != 0) {
                int first = Long.numberOfTrailingZeros(rest);
                int count = Long.numberOfTrailingZeros(~(rest >>> first));
                crc.update(buffer.bytes(at + first * unit, count * unit));
                rest &= first + count == 64 ? 0 : -1L << first + count;
            }
        }
        return (int) crc.getValue();
    }
}
