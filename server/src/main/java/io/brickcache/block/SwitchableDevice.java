package io.brickcache.block;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A device whose place another can take while it is in use: {@link #pause} holds new requests back, the caller waits for
 * those under way below, {@link #resume} hands what was held to the device that serves from now on. Whoever submits sees
 * a pause and no error.
 *
 * <p>Loop-confined but for {@link #geometry} and {@link #name}. Held requests are chained, not copied: bounded by the
 * requests that exist.
 */
public final class SwitchableDevice implements BlockDevice {

    private final RequestQueue held = new RequestQueue();
    private volatile Geometry geometry;
    private volatile String name;
    private @Nullable BlockDevice target;

    public SwitchableDevice(BlockDevice first) {
        this.target = first;
        this.geometry = first.geometry();
        this.name = first.name();
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long presentBytes() {
        return target().presentBytes();
    }

    @Override
    public void grow(long sizeBytes) {
        target().grow(sizeBytes);
        geometry = target().geometry();
    }

    @Override
    public void submit(IoRequest request) {
        BlockDevice now = target;
        if (now == null) {
            held.add(request);
        } else {
            now.submit(request);
        }
    }

    /** The device that serves; fails while paused. */
    public BlockDevice target() {
        return Objects.requireNonNull(target, "paused");
    }

    /**
     * Holds every request from here on; answers with the device that served, which may have some under way, or null if it
     * was paused already.
     */
    public @Nullable BlockDevice pause() {
        BlockDevice before = target;
        target = null;
        return before;
    }

    /** Serves from {@code next}, whose size is the same, what was held and what comes. */
    public void resume(BlockDevice next) {
        geometry = next.geometry();
        name = next.name();
        target = next;
        IoRequest request;
        while (target == next && (request = held.poll()) != null) {
            next.submit(request);
        }
    }

    /** As {@link #pause} and {@link #resume}, for when nothing is under way that minds. */
    public BlockDevice replace(BlockDevice next) {
        BlockDevice before = target();
        resume(next);
        return before;
    }

    /** Closes the device that serves. What is held is answered with SHUTDOWN. */
    @Override
    public void close() {
        BlockDevice now = target;
        if (now != null) {
            now.close();
        }
        IoRequest request;
        while ((request = held.poll()) != null) {
            request.completed(IoStatus.SHUTDOWN);
        }
    }
}
