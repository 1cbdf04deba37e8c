package io.brickcache.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Fuzz target: the file with the caches of the node. It is read or refused with an {@link IOException} that names it. */
public final class NodeStateFuzz {

    private static final NodeState STATE = new NodeState(Path.of("/state"));

    private NodeStateFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        try {
            STATE.parse(new String(input, StandardCharsets.UTF_8));
        } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).contains(NodeState.FILE)) {
                throw new IllegalStateException("the message does not name the file", e);
            }
        }
    }
}
