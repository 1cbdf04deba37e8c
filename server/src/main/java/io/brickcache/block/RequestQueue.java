package io.brickcache.block;

import org.jspecify.annotations.Nullable;

/**
 * Requests that wait, first in first out, chained by {@link IoRequest#next}: it allocates nothing and is bounded by the
 * requests that exist. A request is in at most one queue. Confined to its loop.
 */
public final class RequestQueue {

    private @Nullable IoRequest first;
    private @Nullable IoRequest last;

    public boolean isEmpty() {
        return first == null;
    }

    /** Appends a request. */
    public void add(IoRequest request) {
        request.next = null;
        IoRequest before = last;
        if (before == null) {
            first = request;
        } else {
            before.next = request;
        }
        last = request;
    }

    /** The oldest request, which stays; or null. */
    public @Nullable IoRequest peek() {
        return first;
    }

    /** Takes the oldest request, or null. */
    public @Nullable IoRequest poll() {
        IoRequest result = first;
        if (result != null) {
            first = result.next;
            result.next = null;
            if (first == null) {
                last = null;
            }
        }
        return result;
    }
}
