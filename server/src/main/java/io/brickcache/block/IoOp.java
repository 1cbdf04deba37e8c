package io.brickcache.block;

/** What a request asks of a device. */
public enum IoOp {
    READ,
    WRITE,
    /** Everything answered before this request was submitted is durable when it is answered. */
    FLUSH,
    /** The content of the range is no longer needed. A device that cannot discard answers OK and does nothing. */
    TRIM,
    /** The range reads as zeroes afterwards. */
    WRITE_ZEROES,
    /** A hint: the range will be read soon. */
    CACHE,
    /** Describes the range; only as {@link ExtentsRequest}. */
    EXTENTS;

    /** True if the request changes content, so that FUA has a meaning. */
    public boolean isMutation() {
        return this == WRITE || this == TRIM || this == WRITE_ZEROES;
    }
}
