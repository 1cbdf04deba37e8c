package io.brickcache.nbd;

import io.brickcache.fuzz.Bugs;
import java.util.Arrays;

/**
 * Fuzz target: everything a client may say from its first byte on. The first byte of the input says in which pieces the
 * rest arrives, and whether the client has negotiated structured replies before.
 */
public final class NegotiationFuzz {

    private static final Bugs BUGS = Bugs.watch();

    private NegotiationFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        if (input.length == 0) {
            return;
        }
        EmbeddedClient client = FuzzedConnection.open();
        client.connect();
        if (input[0] < 0) {
            client.send(Bytes.of().u32(3).array(), Bytes.option(8, new byte[0]));
        }
        FuzzedConnection.feed(client, Arrays.copyOfRange(input, 1, input.length), 1 + (input[0] & 0x7F));
        client.close();
        BUGS.rethrow();
    }
}
