package io.brickcache.simulate;

/** What a request of a trace asks. */
public enum TraceOp {
    READ,
    WRITE,
    /** A write that is answered when it is durable. */
    WRITE_FUA,
    FLUSH,
    /** The trace does not say whether it was a read or a write; treated as a read. */
    UNKNOWN;

    /** True if it changes the disk. */
    public boolean isWrite() {
        return this == WRITE || this == WRITE_FUA;
    }
}
