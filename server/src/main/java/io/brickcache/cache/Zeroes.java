package io.brickcache.cache;

import io.brickcache.block.IoBuffer;
import java.nio.ByteBuffer;

/** Zeroes for buffers. */
final class Zeroes {

    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(1 << 16).asReadOnlyBuffer();

    private Zeroes() {}

    /** The first {@code length} bytes of the buffer become zero. */
    static void fill(IoBuffer buffer, int length) {
        int done = 0;
        while (done < length) {
            int piece = Math.min(ZEROES.capacity(), length - done);
            buffer.bytes().put(done, ZEROES, 0, piece);
            done += piece;
        }
    }
}
