package io.brickcache.nbd;

import io.brickcache.block.BufferPool;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** A connection whose client sends anything; small, so that many can be tried in a second. */
final class FuzzedConnection {

    static final int DEVICE_BYTES = 128 << 10;

    private static final BufferPool POOL = new BufferPool(1 << 20);
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;

    private FuzzedConnection() {}

    static EmbeddedClient open() {
        return new EmbeddedClient(MemoryDevice.ofSize(DEVICE_BYTES), POOL);
    }

    /** Sends the stream in pieces, until the server has had enough. */
    static void feed(EmbeddedClient client, byte[] stream, int pieceBytes) {
        for (int at = 0; at < stream.length && !client.isClosed(); at += pieceBytes) {
            client.send(Arrays.copyOfRange(stream, at, Math.min(stream.length, at + pieceBytes)));
            client.received();
        }
    }

    /** Every byte belongs to a reply to an option, or to the transmission phase after one. */
    static void requireReplies(byte[] received) {
        ByteBuffer in = ByteBuffer.wrap(received);
        while (in.remaining() >= 20 && in.getLong(in.position()) == OPTION_REPLY_MAGIC) {
            int length = in.getInt(in.position() + 16);
            if (length < 0 || length > in.remaining() - 20) {
                throw new IllegalStateException("a reply of " + length + " bytes that are not there");
            }
            in.position(in.position() + 20 + length);
        }
    }
}
