package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.Reason;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A cache in the {@link Catalog}. Read by any thread; changed by whoever has reserved it there. */
final class CacheEntry {

    /**
     * What can be done with it.
     *
     * @param reason why it does not serve; empty while it does
     * @param running present while it serves
     */
    record Status(
            CacheView.State state, String reason, @Nullable RunningCache running) {}

    private final KnownCache known;
    private volatile Status status;

    CacheEntry(KnownCache known, Status status) {
        this.known = known;
        this.status = status;
    }

    static Status creating() {
        return new Status(CacheView.State.CREATING, "its data area is being written", null);
    }

    static Status unavailable(String reason) {
        return new Status(CacheView.State.UNAVAILABLE, reason, null);
    }

    static Status serving(RunningCache running) {
        return new Status(CacheView.State.SERVING, "", running);
    }

    String name() {
        return known.name();
    }

    /** As it was made or found; the bricks are in the catalog. */
    KnownCache known() {
        return known;
    }

    Status status() {
        return status;
    }

    void become(Status next) {
        status = next;
    }

    /** The cache, if it serves. */
    RunningCache running() {
        Status now = status;
        RunningCache running = now.running();
        if (now.state() == CacheView.State.SERVING && running != null) {
            return running;
        }
        throw switch (now.state()) {
            case CREATING -> Failures.busy("cache " + name() + " is being created");
            case DELETING -> Failures.busy("cache " + name() + " is being deleted");
            default ->
                new AdminException(
                        Reason.IO_FAILURE,
                        "cache " + name() + " is not available: " + now.reason(),
                        "put that right and restart the service",
                        Map.of("cache", name()));
        };
    }
}
