package io.brickcache.block;

/** How a request ended. The names say what the caller may do; the NBD edge maps them to error numbers. */
public enum IoStatus {
    /** Done; for writes: readable by everybody, durable only after a FLUSH or with FUA. */
    OK,
    /** The medium failed (EIO). For a write the content of the range is undefined until it is written again. */
    IO_ERROR,
    /** The request breaks the device's rules: range, alignment or flags (EINVAL). Nothing was done. */
    INVALID,
    /** A write lies beyond the end of the device (ENOSPC as NBD wants it). Nothing was done. */
    BEYOND_END,
    /** The device cannot do this (EOPNOTSUPP), for example a fast zero. Nothing was done. */
    NOT_SUPPORTED,
    /** A write to a read-only device (EPERM). Nothing was done. */
    READ_ONLY,
    /** The device is being closed (ESHUTDOWN). Nothing was done. */
    SHUTDOWN;

    public boolean isOk() {
        return this == OK;
    }

    /** This one unless it is OK: keeps the first error of the parts of a request. */
    public IoStatus and(IoStatus other) {
        return this == OK ? other : this;
    }
}
