package io.brickcache.block.pooled;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenedDevice;
import io.brickcache.block.RequestQueue;
import io.brickcache.block.RequestRules;
import io.brickcache.block.nativeio.DeviceException;
import io.brickcache.env.Loop;
import java.io.UncheckedIOException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device whose requests are executed by blocking calls on {@link IoThreads}; completions are collected and brought to
 * the loop in batches. At most {@link #MAX_IN_FLIGHT} requests are with the threads, the rest wait in order.
 *
 * <p>A FLUSH is one {@code fdatasync} that starts after every write answered before it was submitted has returned from
 * its call, so it covers them.
 */
public final class PooledDevice implements BlockDevice {

    /** Requests of one device handed to the threads at a time. */
    public static final int MAX_IN_FLIGHT = 256;

    private static final Logger log = LoggerFactory.getLogger(PooledDevice.class);

    private final OpenedDevice opened;
    private final Loop loop;
    private final IoThreads threads;
    private final BlockingIo io;
    private final RequestQueue waiting = new RequestQueue();
    /** Done on the threads, to be answered on the loop: a stack, latest first. */
    private final AtomicReference<@Nullable Transfer> finished = new AtomicReference<>();

    private final Runnable answerFinished = this::answerFinished;

    private @Nullable Transfer free;
    private int made;
    private int inFlight;
    private boolean closed;
    private boolean released;

    /**
     * @param opened belongs to the device from here on
     * @param threads of its own, which it ends when it is closed
     */
    public PooledDevice(OpenedDevice opened, Loop loop, IoThreads threads) {
        this.opened = opened;
        this.loop = loop;
        this.threads = threads;
        this.io = new BlockingIo(opened);
    }

    @Override
    public Geometry geometry() {
        return opened.geometry();
    }

    @Override
    public String name() {
        return opened.path().toString();
    }

    /** See {@link OpenedDevice#identity()}. */
    public String identity() {
        return opened.identity();
    }

    @Override
    public long presentBytes() {
        try {
            return opened.presentBytes();
        } catch (DeviceException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void grow(long sizeBytes) {
        try {
            opened.grow(sizeBytes);
        } catch (DeviceException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void submit(IoRequest request) {
        IoStatus status = closed ? IoStatus.SHUTDOWN : RequestRules.check(geometry(), request);
        if (status.isOk()) {
            submitChecked(request);
        } else {
            request.completed(status);
        }
    }

    private void submitChecked(IoRequest request) {
        Transfer transfer = takeTransfer();
        if (transfer == null) {
            waiting.add(request);
        } else {
            inFlight++;
            transfer.request = request;
            threads.execute(transfer);
        }
    }

    /** Requests submitted before are still executed; the device is let go after the last of them. */
    @Override
    public void close() {
        closed = true;
        releaseWhenIdle();
    }

    private void answerFinished() {
        Transfer transfer = inOrder(finished.getAndSet(null));
        while (transfer != null) {
            Transfer following = transfer.nextFinished;
            answer(transfer);
            transfer = following;
        }
        releaseWhenIdle();
    }

    private void answer(Transfer transfer) {
        IoRequest request = transfer.takeRequest();
        IoStatus status = transfer.status;
        transfer.nextFinished = free;
        free = transfer;
        inFlight--;
        IoRequest next = waiting.poll();
        if (next != null) {
            submitChecked(next);
        }
        request.completed(status);
    }

    private static @Nullable Transfer inOrder(@Nullable Transfer latestFirst) {
        Transfer result = null;
        Transfer transfer = latestFirst;
        while (transfer != null) {
            Transfer earlier = transfer.nextFinished;
            transfer.nextFinished = result;
            result = transfer;
            transfer = earlier;
        }
        return result;
    }

    private @Nullable Transfer takeTransfer() {
        Transfer result = free;
        if (result != null) {
            free = result.nextFinished;
            result.nextFinished = null;
        } else if (made < MAX_IN_FLIGHT) {
            made++;
            result = new Transfer();
        }
        return result;
    }

    private void releaseWhenIdle() {
        if (closed && inFlight == 0 && !released) {
            released = true;
            opened.close();
            threads.end();
        }
    }

    /** One request with the threads. */
    private final class Transfer extends IoThreads.Task {
        private @Nullable IoRequest request;
        private IoStatus status = IoStatus.OK;
        private @Nullable Transfer nextFinished;

        @Override
        protected void run() {
            IoRequest current = request;
            if (current != null) {
                status = execute(current);
                deliver();
            }
        }

        private IoStatus execute(IoRequest current) {
            try {
                return io.execute(current);
            } catch (RuntimeException e) {
                log.error("{}: {} failed unexpectedly", name(), current, e);
                return IoStatus.IO_ERROR;
            }
        }

        private void deliver() {
            Transfer before;
            do {
                before = finished.get();
                nextFinished = before;
            } while (!finished.compareAndSet(before, this));
            if (before == null) {
                try {
                    loop.execute(answerFinished);
                } catch (RejectedExecutionException e) {
                    log.warn("{}: the loop ended before the device was closed", name());
                }
            }
        }

        private IoRequest takeRequest() {
            IoRequest result = request;
            request = null;
            if (result == null) {
                throw new IllegalStateException("transfer without a request");
            }
            return result;
        }
    }
}
