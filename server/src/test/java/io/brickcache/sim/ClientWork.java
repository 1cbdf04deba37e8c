package io.brickcache.sim;

import io.brickcache.block.IoRequest;

/** A request of the workload, until it is answered. */
sealed interface ClientWork permits ClientRequest, ClientExtents {

    int brick();

    IoRequest request();

    /** The node went down: frees the memory without waiting for an answer. */
    void abandon();
}
