package io.brickcache.nbd.transmission;

import io.brickcache.nbd.wire.MetaContext;
import java.util.List;

/**
 * What the handshake agreed upon.
 *
 * @param structuredReplies answers to READ and errors are structured
 * @param contexts what BLOCK_STATUS reports, in this order; empty if it was not agreed
 */
public record TransmissionSettings(boolean structuredReplies, List<MetaContext> contexts) {

    public TransmissionSettings {
        contexts = List.copyOf(contexts);
        if (!contexts.isEmpty() && !structuredReplies) {
            throw new IllegalArgumentException("meta contexts without structured replies");
        }
    }
}
