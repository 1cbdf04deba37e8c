package io.brickcache.app;

import io.brickcache.admin.BrickView;
import io.brickcache.block.SwitchableDevice;
import org.jspecify.annotations.Nullable;

/** A brick in the {@link Catalog}. Read by any thread; changed by whoever has reserved it there. */
final class BrickEntry {

    /**
     * What can be done with it.
     *
     * @param reason why it does not serve from its cache; empty while it does
     * @param open null while it is being attached, and while its cache is not available
     * @param direct present while it is served without its cache
     */
    record Status(
            BrickView.State state,
            String reason,
            @Nullable OpenBrick open,
            @Nullable PassThrough direct) {

        Status(BrickView.State state, String reason, @Nullable OpenBrick open) {
            this(state, reason, open, null);
        }
    }

    private final CacheEntry cache;
    private volatile KnownBrick known;
    private volatile Status status;
    private volatile @Nullable SwitchableDevice front;
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

    static Status passThrough(PassThrough direct, String reason) {
        return new Status(BrickView.State.PASS_THROUGH, reason, null, direct);
    }

    static Status unavailable(String reason, @Nullable OpenBrick open) {
        return new Status(BrickView.State.UNAVAILABLE, reason, open);
    }

    static Status fenced(String reason, @Nullable OpenBrick open) {
        return new Status(BrickView.State.FENCED, reason, open);
    }

    String name() {
        return known.name();
    }

    KnownBrick known() {
        return known;
    }

    /** The operator has said which device it is. */
    void identify(KnownBrick decided) {
        known = decided;
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

    /** What its clients talk to; null while it is not exported. */
    @Nullable
    SwitchableDevice front() {
        return front;
    }

    void serveBy(@Nullable SwitchableDevice device) {
        front = device;
    }

    /** Flushes under way; of the catalog only. */
    int flushes() {
        return flushes;
    }

    void addFlushes(int difference) {
        flushes += difference;
    }
}
