package io.brickcache.mapping;

import java.io.IOException;

/** The kernel did not do what was asked of its NBD driver; the message says what and why, the remedy what to do. */
public final class MappingException extends IOException {

    private static final long serialVersionUID = 1;

    /** What is wrong, for whoever maps it to a status. */
    public enum Reason {
        /** The kernel has no NBD driver, or it is not loaded. */
        NO_DRIVER,
        NOT_PERMITTED,
        /** The device is connected already, or still used by somebody. */
        IN_USE,
        /** The device is not connected, or to something else. */
        NOT_CONNECTED,
        FAILED
    }

    private final Reason reason;
    private final String problem;
    private final String remedy;

    public MappingException(Reason reason, String problem, String remedy) {
        super(problem + "; " + remedy);
        this.reason = reason;
        this.problem = problem;
        this.remedy = remedy;
    }

    public Reason reason() {
        return reason;
    }

    public String problem() {
        return problem;
    }

    public String remedy() {
        return remedy;
    }
}
