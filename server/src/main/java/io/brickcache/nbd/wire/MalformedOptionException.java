package io.brickcache.nbd.wire;

/** The payload of an option does not have the form the protocol gives it. The message is told to the client. */
public final class MalformedOptionException extends Exception {

    private static final long serialVersionUID = 1;

    private final int replyType;
    private final String reason;

    /**
     * A complaint about the option that is being read.
     *
     * @param replyType the NBD_REP_ERR_ to answer with
     */
    public MalformedOptionException(int replyType, String message) {
        super(message);
        this.replyType = replyType;
        this.reason = message;
    }

    public int replyType() {
        return replyType;
    }

    /** The message. */
    public String reason() {
        return reason;
    }
}
