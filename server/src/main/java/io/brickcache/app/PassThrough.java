package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.RequestQueue;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A brick served from its disk alone while its cache cannot be opened. Nothing of it is dirty. What the cache holds of it
 * would be out of date with the first change of the disk, so that change waits until it is on record that the cache does not
 * count any more; if that cannot be recorded, the change fails and the cache stays true.
 *
 * <p>Loop-confined. Looks to clients as the brick behind its cache does, so that one can take the place of the other.
 */
final class PassThrough implements BlockDevice {

    private enum CacheState {
        /** As the brick was left: what it holds is true. */
        TRUE,
        /** It is being recorded that it does not count. */
        MARKING,
        VOID
    }

    private final BlockDevice disk;
    private final Geometry geometry;
    private final Consumer<Consumer<IoStatus>> markVoid;
    private final RequestQueue held = new RequestQueue();
    private final Deque<Relay> spare = new ArrayDeque<>();
    private CacheState cache;
    private int running;
    private @Nullable Runnable onDrained;

    /**
     * @param sizeBytes of the brick; the disk may be larger
     * @param blockBytes of the cache: what its bricks prefer
     * @param isVoid it is on record already that the cache does not count
     * @param markVoid records it, and tells how that went, on the loop
     */
    PassThrough(
            BlockDevice disk, long sizeBytes, int blockBytes, boolean isVoid, Consumer<Consumer<IoStatus>> markVoid) {
        this.disk = disk;
        Geometry below = disk.geometry();
        this.geometry =
                new Geometry(sizeBytes, 512, blockBytes, below.canTrim(), below.canFastZero(), below.readOnly());
        this.cache = isVoid ? CacheState.VOID : CacheState.TRUE;
        this.markVoid = markVoid;
    }

    /** The disk, which outlives this. */
    BlockDevice disk() {
        return disk;
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public String name() {
        return disk.name();
    }

    @Override
    public void submit(IoRequest request) {
        running++;
        if (request.op().isMutation() && cache != CacheState.VOID) {
            held.add(request);
            if (cache == CacheState.TRUE) {
                cache = CacheState.MARKING;
                markVoid.accept(this::marked);
            }
            return;
        }
        pass(request);
    }

    private void marked(IoStatus status) {
        cache = status.isOk() ? CacheState.VOID : CacheState.TRUE;
        IoRequest request;
        // As many as there are now: what comes meanwhile tries the record again.
        RequestQueue waiting = new RequestQueue();
        while ((request = held.poll()) != null) {
            waiting.add(request);
        }
        while ((request = waiting.poll()) != null) {
            if (status.isOk()) {
                pass(request);
            } else {
                answer(request, IoStatus.IO_ERROR);
            }
        }
    }

    private void pass(IoRequest request) {
        switch (request.op()) {
            case EXTENTS -> answer(request, describe((ExtentsRequest) request));
            case TRIM -> {
                if (geometry.canTrim()) {
                    relay(request);
                } else {
                    answer(request, IoStatus.OK);
                }
            }
            case CACHE -> answer(request, IoStatus.OK);
            case READ, WRITE, FLUSH, WRITE_ZEROES -> relay(request);
        }
    }

    /** All of it is data, none of it is cached. */
    private IoStatus describe(ExtentsRequest request) {
        if (!geometry.contains(request.offset(), request.length())) {
            return IoStatus.INVALID;
        }
        request.add(request.length(), ExtentsRequest.NOT_CACHED);
        return IoStatus.OK;
    }

    private void relay(IoRequest request) {
        Relay relay = spare.poll();
        (relay == null ? new Relay() : relay).start(request);
    }

    private void answer(IoRequest request, IoStatus status) {
        request.completed(status);
        running--;
        Runnable drained = onDrained;
        if (running == 0 && drained != null) {
            onDrained = null;
            drained.run();
        }
    }

    /** Nothing more is submitted; {@code drained} runs when what is under way is done. */
    void drain(Runnable drained) {
        if (running == 0) {
            drained.run();
        } else {
            onDrained = drained;
        }
    }

    /** The disk stays open: it is its owner's. */
    @Override
    public void close() {}

    /** A request on its way to the disk and back, counted; reused. */
    private final class Relay extends IoRequest {
        private @Nullable IoRequest original;

        void start(IoRequest request) {
            original = request;
            prepareAs(request);
            disk.submit(this);
        }

        @Override
        public void completed(IoStatus status) {
            IoRequest done = original;
            original = null;
            spare.push(this);
            if (done != null) {
                answer(done, status);
            }
        }
    }
}
