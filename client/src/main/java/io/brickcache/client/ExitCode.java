package io.brickcache.client;

import io.grpc.Status.Code;

/** How the command ends; scripts depend on the numbers. */
enum ExitCode {
    DONE(0),
    FAILED(1),
    USAGE(2),
    NOT_FOUND(3),
    /** The state of the thing forbids it: dirty, in use, busy, there already. */
    REFUSED(4),
    /** No daemon, or one that is going away. */
    UNREACHABLE(5),
    TIMED_OUT(6);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    /** Statuses and not reasons decide, so that a reason that this client does not know is still told apart. */
    static ExitCode of(Code code) {
        return switch (code) {
            case OK -> DONE;
            case INVALID_ARGUMENT, OUT_OF_RANGE -> USAGE;
            case NOT_FOUND -> NOT_FOUND;
            case ALREADY_EXISTS, FAILED_PRECONDITION -> REFUSED;
            case UNAVAILABLE -> UNREACHABLE;
            case DEADLINE_EXCEEDED -> TIMED_OUT;
            default -> FAILED;
        };
    }
}
