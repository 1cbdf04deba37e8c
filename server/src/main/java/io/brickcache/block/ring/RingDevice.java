package io.brickcache.block.ring;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenedDevice;
import io.brickcache.block.RequestQueue;
import io.brickcache.block.RequestRules;
import io.brickcache.block.nativeio.Descriptor;
import io.brickcache.block.nativeio.Errno;
import io.brickcache.block.pooled.PooledDevice;
import io.brickcache.env.Loop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import org.jspecify.annotations.Nullable;

/**
 * A device on the io_uring of the event loop that carries the sockets too: entries are queued without a system call and
 * go to the kernel together, once per turn of the loop.
 *
 * <p>Each request in flight has a slot, whose number is the user data of its entries; it has one entry with the kernel
 * at a time. Beyond {@link #MAX_IN_FLIGHT} requests wait in order. What io_uring cannot do (describing extents, zeroing
 * where the device or file system has no call for it) is left to a {@link PooledDevice} on the same descriptors; small
 * writes to a file in the page cache are made at once ({@link PageCacheWrites}).
 */
public final class RingDevice implements BlockDevice {

    /** Requests of one device with the kernel at a time. */
    public static final int MAX_IN_FLIGHT = 256;

    /** Times in a row that an entry may be interrupted or put off before its request fails. */
    private static final int MAX_RETRIES = 100;

    private final OpenedDevice opened;
    private final PooledDevice helper;
    private final PageCacheWrites pageCacheWrites;
    private final Slot[] slots = new Slot[MAX_IN_FLIGHT];
    private final Slot[] freeSlots = new Slot[MAX_IN_FLIGHT];
    private final RequestQueue waiting = new RequestQueue();
    private @Nullable IoRegistration registration;
    private int freeCount;
    private boolean closed;
    private boolean released;

    /**
     * @param opened belongs to {@code helper}
     * @param helper executes what the ring cannot; belongs to the device from here on
     * @param loop the one that the device is registered with
     */
    RingDevice(OpenedDevice opened, PooledDevice helper, Loop loop) {
        this.opened = opened;
        this.helper = helper;
        this.pageCacheWrites = new PageCacheWrites(opened, loop, this::releaseWhenIdle);
        for (short i = 0; i < MAX_IN_FLIGHT; i++) {
            slots[i] = new Slot(i);
            freeSlots[i] = slots[i];
        }
        freeCount = MAX_IN_FLIGHT;
    }

    /** What the event loop is given to register. */
    IoUringIoHandle handle() {
        return new Handle();
    }

    /** Must be called before the first request. */
    void registered(IoRegistration registration) {
        this.registration = registration;
    }

    @Override
    public Geometry geometry() {
        return opened.geometry();
    }

    @Override
    public String name() {
        return opened.path().toString();
    }

    @Override
    public long presentBytes() {
        return helper.presentBytes();
    }

    /** The helper has the same opened device. */
    @Override
    public void grow(long sizeBytes) {
        helper.grow(sizeBytes);
    }

    @Override
    public void submit(IoRequest request) {
        IoStatus status = closed ? IoStatus.SHUTDOWN : RequestRules.check(geometry(), request);
        if (!status.isOk()) {
            request.completed(status);
            return;
        }
        switch (request.op()) {
            case READ, FLUSH -> enqueue(request);
            case WRITE -> {
                if (!pageCacheWrites.takes(request)) {
                    enqueue(request);
                }
            }
            case WRITE_ZEROES -> {
                if (request.has(IoRequest.FAST_ZERO) && !geometry().canFastZero()) {
                    request.completed(IoStatus.NOT_SUPPORTED);
                } else {
                    enqueue(request);
                }
            }
            case TRIM -> {
                if (geometry().canTrim()) {
                    enqueue(request);
                } else {
                    request.completed(IoStatus.OK);
                }
            }
            case CACHE -> request.completed(IoStatus.OK);
            case EXTENTS -> helper.submit(request);
        }
    }

    /** Requests submitted before are still executed; the device is let go after the last of them. */
    @Override
    public void close() {
        closed = true;
        releaseWhenIdle();
    }

    private void enqueue(IoRequest request) {
        if (freeCount == 0) {
            waiting.add(request);
        } else {
            freeSlots[--freeCount].start(request);
        }
    }

    private void releaseWhenIdle() {
        if (closed && freeCount == MAX_IN_FLIGHT && pageCacheWrites.isIdle() && !released) {
            released = true;
            helper.close();
            IoRegistration current = registration;
            if (current != null) {
                current.cancel();
            }
        }
    }

    private IoRegistration registration() {
        IoRegistration current = registration;
        if (current == null) {
            throw new IllegalStateException(name() + " is not registered with its loop");
        }
        return current;
    }

    /** One request in flight. */
    private final class Slot {
        private final short number;
        private @Nullable IoRequest request;
        private long done;
        private int retries;
        private boolean syncing;

        Slot(short number) {
            this.number = number;
        }

        void start(IoRequest started) {
            request = started;
            done = 0;
            retries = 0;
            syncing = started.op() == IoOp.FLUSH;
            submit(started);
        }

        private void submit(IoRequest current) {
            byte opcode;
            int fd = opened.main().number();
            long offset = current.offset();
            long address = 0;
            int length = 0;
            int flags = 0;
            if (syncing) {
                opcode = RingOps.FSYNC;
                offset = 0;
                flags = RingOps.FSYNC_DATASYNC;
            } else if (isTransfer(current)) {
                boolean write = current.op() == IoOp.WRITE;
                opcode = write ? RingOps.WRITE : RingOps.READ;
                offset += done;
                fd = opened.descriptorAt(offset).number();
                address = current.buffer().address() + current.bufferOffset() + done;
                length = (int) opened.runBytes(offset, current.length() - done);
                flags = write && current.has(IoRequest.FUA) ? RingOps.RWF_DSYNC : 0;
            } else {
                opcode = RingOps.FALLOCATE;
                address = current.length();
                length = current.has(IoRequest.NO_HOLE) ? Descriptor.ZERO_RANGE : Descriptor.PUNCH_HOLE;
            }
            long id = registration().submit(RingOps.entry(opcode, fd, offset, address, length, flags, number));
            if (id == 0) {
                // The loop is being shut down under the device.
                finish(current, IoStatus.SHUTDOWN);
            }
        }

        void completed(int result) {
            IoRequest current = request;
            if (current == null) {
                throw new IllegalStateException(name() + ": completion for an empty slot " + number);
            }
            if (Errno.isTransient(result) && retries++ < MAX_RETRIES) {
                submit(current);
            } else if (!syncing && !isTransfer(current) && Errno.isUnsupported(result)) {
                // Tries the other means there are, and remembers what did not work.
                free();
                helper.submit(current);
            } else if (result < 0) {
                fail(current, result);
            } else if (!syncing && isTransfer(current)) {
                transferred(current, result);
            } else if (!syncing && current.has(IoRequest.FUA)) {
                syncing = true;
                submit(current);
            } else {
                finish(current, IoStatus.OK);
            }
        }

        private void transferred(IoRequest current, int moved) {
            long total = opened.progress(done, moved, current.length());
            if (total == current.length()) {
                finish(current, IoStatus.OK);
            } else if (total == done) {
                fail(current, 0);
            } else {
                done = total;
                retries = 0;
                submit(current);
            }
        }

        private void fail(IoRequest current, int result) {
            opened.reportFailure(current, result);
            finish(current, IoStatus.IO_ERROR);
        }

        private void finish(IoRequest current, IoStatus status) {
            free();
            current.completed(status);
        }

        /** Makes room for the longest waiting request. */
        private void free() {
            request = null;
            freeSlots[freeCount++] = this;
            IoRequest next = waiting.poll();
            if (next != null) {
                enqueue(next);
            }
        }
    }

    private static boolean isTransfer(IoRequest request) {
        return request.op() == IoOp.READ || request.op() == IoOp.WRITE;
    }

    /** Takes completions from the event loop. */
    private final class Handle implements IoUringIoHandle {

        @Override
        public void handle(IoRegistration from, IoEvent event) {
            IoUringIoEvent completion = (IoUringIoEvent) event;
            slots[(int) completion.userData()].completed(completion.res());
            releaseWhenIdle();
        }

        /** Called when the event loop ends before the device was closed. */
        @Override
        public void close() {
            RingDevice.this.close();
        }
    }
}
