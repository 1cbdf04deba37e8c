package io.brickcache.nbd.wire;

import io.brickcache.block.IoStatus;

/** Error numbers of the protocol, and the one place where a device's answer becomes one of them. */
public enum NbdError {
    OK(0),
    EPERM(1),
    EIO(5),
    EINVAL(22),
    ENOSPC(28),
    EOVERFLOW(75),
    ENOTSUP(95),
    ESHUTDOWN(108);

    private final int number;

    NbdError(int number) {
        this.number = number;
    }

    /** As it goes over the wire; the same on every platform. */
    public int number() {
        return number;
    }

    public static NbdError of(IoStatus status) {
        return switch (status) {
            case OK -> OK;
            case IO_ERROR -> EIO;
            case INVALID -> EINVAL;
            case BEYOND_END -> ENOSPC;
            case NOT_SUPPORTED -> ENOTSUP;
            case READ_ONLY -> EPERM;
            case SHUTDOWN -> ESHUTDOWN;
        };
    }
}
