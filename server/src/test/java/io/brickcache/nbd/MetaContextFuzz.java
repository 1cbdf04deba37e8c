package io.brickcache.nbd;

import io.brickcache.fuzz.Bugs;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Fuzz target: the payloads of options behind a right header. Each line of the input is an option: its number, modulo
 * those there are, then its payload; so the search need not find magic numbers and lengths again and again.
 */
public final class MetaContextFuzz {

    private static final Bugs BUGS = Bugs.watch();
    private static final int OPTIONS = 12;
    private static final int MARK = 0xA5;

    private MetaContextFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        EmbeddedClient client = FuzzedConnection.open();
        client.negotiate();
        int start = 0;
        for (int i = 0; i <= input.length && !client.isClosed(); i++) {
            if (i == input.length || input[i] == (byte) MARK) {
                if (i > start) {
                    int option = Math.floorMod(input[start], OPTIONS);
                    client.send(Bytes.option(option, payload(input, start + 1, i)));
                    FuzzedConnection.requireReplies(client.received());
                }
                start = i + 1;
            }
        }
        client.close();
        BUGS.rethrow();
    }

    /** The bytes, with the name of the export in place of each "@". */
    private static byte[] payload(byte[] input, int from, int to) {
        Bytes payload = Bytes.of();
        for (byte b : Arrays.copyOfRange(input, from, to)) {
            if (b == '@') {
                payload.u32(5).raw("brick".getBytes(StandardCharsets.UTF_8));
            } else {
                payload.raw(b);
            }
        }
        return payload.array();
    }
}
