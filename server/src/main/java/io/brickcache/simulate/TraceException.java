package io.brickcache.simulate;

/** A trace that cannot be used: the message names the file, the line, what is wrong and what to do. */
public final class TraceException extends Exception {

    private static final long serialVersionUID = 1;

    public TraceException(String message) {
        super(message);
    }

    public TraceException(String message, Throwable cause) {
        super(message, cause);
    }
}
