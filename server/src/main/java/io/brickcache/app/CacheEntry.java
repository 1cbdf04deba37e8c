package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.Reason;
import java.util.Map;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
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
    /** Read: a brick comes, goes or is flushed. Write: the cache is opened, closed or deleted, a brick is decided about. */
    private final ReentrantReadWriteLock turn = new ReentrantReadWriteLock();

    private volatile Status status;
    private volatile @Nullable LoopHost host;

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

    /** The turn of who brings the cache into service or takes it out: nobody else changes it meanwhile. */
    Lock turn() {
        return turn.writeLock();
    }

    /** The turn of those who change one brick, which the catalog keeps from each other. */
    Lock brickTurn() {
        return turn.readLock();
    }

    Status status() {
        return status;
    }

    void become(Status next) {
        RunningCache running = next.running();
        if (running != null) {
            host = running.host();
        }
        status = next;
    }

    /** The loop that its bricks are served on, with the cache or without it; null before the first attempt to open it. */
    @Nullable
    LoopHost host() {
        return host;
    }

    void runOn(LoopHost started) {
        host = started;
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
                        Reason.CACHE_UNAVAILABLE,
                        "cache " + name() + " is not available: " + now.reason(),
                        "to try at once: brickcache cache rejoin " + name(),
                        Map.of("cache", name()));
        };
    }
}
