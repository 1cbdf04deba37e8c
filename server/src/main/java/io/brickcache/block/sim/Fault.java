package io.brickcache.block.sim;

/** What can go wrong with one request to a {@link SimDevice}. */
public enum Fault {
    NONE,
    /** The request fails with IO_ERROR and does nothing. */
    IO_ERROR,
    /** A mutation fails with IO_ERROR after some of its sectors were done; anything else fails as with IO_ERROR. */
    PARTIAL_WRITE,
    /** TRIM and WRITE_ZEROES fail with NOT_SUPPORTED and do nothing; anything else is done. */
    NOT_SUPPORTED,
    /** The request takes {@link #SLOWDOWN} times as long. */
    SLOW,
    /** A READ is answered OK with one bit turned; anything else is done. */
    BIT_FLIP,
    /** A WRITE is answered OK although some of its sectors, or all, were not written; anything else is done. */
    LOST_WRITE,
    /** A READ or WRITE is answered OK and was done at another place of the device; anything else is done. */
    MISDIRECTED,
    /** A WRITE is answered OK and stored with one bit turned; anything else is done. */
    ROT,
    /**
     * A FLUSH fails, and what it should have made durable never will be, though it is read until the power goes; anything
     * else is done.
     */
    LOST_SYNC,
    /** The loop is halted after the step that submits the request, so that the driver can crash there. */
    HALT;

    public static final int SLOWDOWN = 1000;
}
