package io.brickcache.nbd;

import io.brickcache.fuzz.Bugs;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Fuzz target: the stream of requests. The first byte says how answers were negotiated, in which pieces the stream
 * arrives, and whether the rest of the input is the stream itself or a recipe for requests behind right magic numbers.
 */
public final class TransmissionFuzz {

    private static final Bugs BUGS = Bugs.watch();
    private static final int RECIPE_BYTES = 8;

    private TransmissionFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        if (input.length == 0) {
            return;
        }
        EmbeddedClient client = FuzzedConnection.open();
        if ((input[0] & 1) == 0) {
            client.simple();
        } else {
            client.structured();
        }
        byte[] rest = Arrays.copyOfRange(input, 1, input.length);
        FuzzedConnection.feed(client, (input[0] & 2) == 0 ? rest : requests(rest), 1 + (input[0] & 0x7C) * 8);
        client.close();
        BUGS.rethrow();
    }

    /** Type, flags, offset in units of 512 or 1, length likewise, and for a WRITE so much payload. */
    private static byte[] requests(byte[] recipe) {
        Bytes stream = Bytes.of();
        ByteBuffer in = ByteBuffer.wrap(recipe);
        for (int cookie = 0; in.remaining() >= RECIPE_BYTES; cookie++) {
            int type = in.get();
            int flags = in.get();
            long unit = (flags & 0x80) == 0 ? 512 : 1;
            long offset = (in.getShort() & 0xFFFF) * unit;
            long length = (in.getInt() & 0x00FF_FFFF) * unit >> 8;
            stream.raw(Bytes.request(flags & 0x7F, type, cookie, offset, length));
            if (type == 1 && length <= FuzzedConnection.DEVICE_BYTES) {
                stream.raw(new byte[(int) length]);
            }
        }
        return stream.array();
    }
}
