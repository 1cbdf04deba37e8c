package io.brickcache.cache.index;

import org.jspecify.annotations.Nullable;

/** The metadata cannot be read or written, or says what cannot be. */
public class MetadataException extends Exception {

    /** What went wrong. */
    public enum Kind {
        /** A record or the store itself is damaged. */
        CORRUPT,
        /** The store's directory is full. */
        NO_SPACE,
        /** The store's files cannot be read or written. */
        IO,
        /** The store is of another format version, or another cache's. */
        MISMATCH
    }

    private static final long serialVersionUID = 1;

    private final Kind kind;

    public MetadataException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    public MetadataException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
