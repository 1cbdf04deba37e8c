package io.brickcache.nbd.transmission;

import io.brickcache.nbd.wire.NbdError;
import java.nio.charset.StandardCharsets;

/** Why a request is not executed: the error number the protocol publishes, and a text for structured replies. */
enum Rejection {
    UNKNOWN_COMMAND(NbdError.EINVAL, "unknown command"),
    BAD_FLAGS(NbdError.EINVAL, "flag that this command does not have"),
    NOT_NEGOTIATED(NbdError.EINVAL, "not negotiated or not announced"),
    READ_ONLY(NbdError.EPERM, "the export is read-only"),
    ZERO_LENGTH(NbdError.EINVAL, "length is zero"),
    FLUSH_WITH_RANGE(NbdError.EINVAL, "FLUSH with an offset or a length"),
    TOO_LONG(NbdError.EINVAL, "longer than the announced maximum block size"),
    TOO_LONG_FOR_ONE_CHUNK(
            NbdError.EOVERFLOW, "longer than the announced maximum block size, and not to be fragmented"),
    BEYOND_END(NbdError.EINVAL, "range beyond the end of the export"),
    WRITE_BEYOND_END(NbdError.ENOSPC, "write beyond the end of the export"),
    MISALIGNED(NbdError.EINVAL, "offset or length is not a multiple of the minimum block size");

    private final NbdError error;

    @SuppressWarnings("ImmutableEnumChecker") // never handed out for writing
    private final byte[] message;

    Rejection(NbdError error, String message) {
        this.error = error;
        this.message = message.getBytes(StandardCharsets.US_ASCII);
    }

    NbdError error() {
        return error;
    }

    /** ASCII; not to be changed. */
    byte[] message() {
        return message;
    }
}
