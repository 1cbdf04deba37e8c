package io.brickcache.block;

/**
 * An asynchronous block device on one loop: every method is called on that loop, every completion comes on it.
 *
 * <p>Contract: a READ sees every WRITE that was answered before it was submitted; a WRITE that was answered survives a
 * crash only after a FLUSH submitted later was answered (or with FUA); requests in flight together complete in any
 * order. A READ or WRITE that is answered OK was done whole; devices repeat short transfers themselves. Every submitted
 * request is completed exactly once.
 */
public interface BlockDevice extends AutoCloseable {

    /** Size and alignment. Constant but for a device that grows. */
    Geometry geometry();

    /** Hands over a request; see {@link IoRequest} for ownership. Never throws for what the request asks. */
    void submit(IoRequest request);

    /** A short name for messages: path or brick name. */
    String name();

    /**
     * Closes the device. The caller has waited for its requests; requests submitted afterwards are answered with
     * {@link IoStatus#SHUTDOWN}. Idempotent.
     */
    @Override
    void close();
}
