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

    /**
     * Bytes that it has below by now: other than {@link #geometry} says if it was resized since it was opened. Blocks for a
     * system call.
     *
     * @throws java.io.UncheckedIOException if that cannot be found out
     */
    default long presentBytes() {
        return geometry().sizeBytes();
    }

    /**
     * Uses what has been added below: the device has {@code sizeBytes} from now on. No READ, WRITE or the like is under way.
     *
     * @param sizeBytes not less than before and not more than {@link #presentBytes}
     * @throws java.io.UncheckedIOException if it cannot; everything is as before
     */
    default void grow(long sizeBytes) {
        if (sizeBytes != geometry().sizeBytes()) {
            throw new UnsupportedOperationException(name() + " cannot grow");
        }
    }

    /** A short name for messages: path or brick name. */
    String name();

    /**
     * Closes the device. The caller has waited for its requests; requests submitted afterwards are answered with
     * {@link IoStatus#SHUTDOWN}. Idempotent.
     */
    @Override
    void close();
}
