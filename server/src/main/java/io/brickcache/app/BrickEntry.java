package io.brickcache.app;

import io.brickcache.admin.BrickView;
import org.jspecify.annotations.Nullable;

/** A brick in the {@link Catalog}. Read by any thread; changed by whoever has reserved it there. */
final class BrickEntry {

    /**
     * What can be done with it.
     *
     * @param reason why it does not serve; empty while it does
     * @param open null while it is being attached, and while its cache is not available
     */
    record Status(
            BrickView.State state, String reason, @Nullable OpenBrick open) {}

    private final KnownBrick known;
    private final CacheEntry cache;
    private volatile Status status;
    private int flushes;

    BrickEntry(KnownBrick known, CacheEntry cache, Status status) {
        this.known = known;
        this.cache = cache;
        this.status = status;
    }

    static Status attaching() {
        return new Status(BrickView.State.ATTACHING, "it is being attached", null);
    }

    static Status serving(OpenBrick open) {
        return new Status(BrickView.State.SERVING, "", open);
    }

    static Status unavailable(String reason, @Nullable OpenBrick open) {
        return new Status(BrickView.State.UNAVAILABLE, reason, open);
    }

    String name() {
        return known.name();
    }

    KnownBrick known() {
        return known;
    }

    CacheEntry cache() {
        return cache;
    }

    Status status() {
        return status;
    }

    void become(Status next) {
        status = next;
    }

    /** Flushes under way; of the catalog only. */
    int flushes() {
        return flushes;
    }

    void addFlushes(int difference) {
        flushes += difference;
    }
}
