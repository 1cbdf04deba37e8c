package io.brickcache.meta;

import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.MetadataStore.Visitor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A key of the CACHE family under which a store keeps a record for itself, which those who scan it do not see. */
final class OwnKey {

    static final Family FAMILY = Family.CACHE;

    private final byte[] bytes;

    OwnKey(String name) {
        bytes = name.getBytes(StandardCharsets.US_ASCII);
    }

    byte[] bytes() {
        return bytes;
    }

    boolean is(ByteBuffer key) {
        return key.equals(ByteBuffer.wrap(bytes));
    }

    /** Shows all other records of a family to the visitor. */
    Visitor hidden(Family family, Visitor visitor) {
        return (key, value) -> {
            if (family != FAMILY || !is(key)) {
                visitor.record(key, value);
            }
        };
    }
}
