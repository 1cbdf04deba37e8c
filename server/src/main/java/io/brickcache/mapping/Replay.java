package io.brickcache.mapping;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Does again what a log says, in its order: changes that overlap one after the other, others side by side. Then a FLUSH, and
 * the log is empty. On the loop of the device, which nobody else uses yet.
 */
public final class Replay {

    private static final int MAX_IN_FLIGHT = 32;

    private final BlockDevice device;
    private final BufferPool buffers;
    private final WriteLog log;
    private final Deque<Change> ahead = new ArrayDeque<>();
    private final Deque<Change> running = new ArrayDeque<>();
    private IoStatus status = IoStatus.OK;
    private boolean starting;
    private int count;
    private @Nullable Consumer<IoStatus> ended;

    public Replay(BlockDevice device, BufferPool buffers, WriteLog log) {
        this.device = device;
        this.buffers = buffers;
        this.log = log;
    }

    /** Changes that the log had. */
    public int count() {
        return count;
    }

    /** Begins; {@code done} hears how it ended. After an error the log is as it was. */
    public void start(Consumer<IoStatus> done) {
        ended = done;
        try {
            log.read((op, flags, offset, length, data, rest) ->
                    ahead.add(new Change(op, flags, offset, length, data, rest)));
        } catch (IOException e) {
            ahead.clear();
            status = IoStatus.IO_ERROR;
        }
        count = ahead.size();
        next();
    }

    private void next() {
        if (starting) {
            return;
        }
        starting = true;
        Change change;
        while (status.isOk()
                && running.size() < MAX_IN_FLIGHT
                && (change = ahead.peek()) != null
                && !overlapsRunning(change)
                && change.prepare()) {
            ahead.poll();
            running.add(change);
            device.submit(change);
        }
        starting = false;
        if (running.isEmpty()) {
            Consumer<IoStatus> told = ended;
            ended = null;
            if (told == null) {
                return;
            }
            if (status.isOk() && ahead.isEmpty()) {
                device.submit(new Flush(told));
            } else {
                told.accept(status.and(IoStatus.IO_ERROR));
            }
        }
    }

    private boolean overlapsRunning(Change change) {
        return running.stream().anyMatch(change::overlaps);
    }

    private final class Flush extends IoRequest {
        private final Consumer<IoStatus> told;

        Flush(Consumer<IoStatus> told) {
            this.told = told;
            prepareFlush();
        }

        @Override
        public void completed(IoStatus result) {
            if (result.isOk()) {
                log.release(log.head());
            }
            told.accept(result);
        }
    }

    private final class Change extends IoRequest {
        private final IoOp kind;
        private final int flags;
        private final long start;
        private final long bytes;
        private final ByteBuffer data;
        private final ByteBuffer rest;
        private @Nullable IoBuffer buffer;

        Change(IoOp kind, int flags, long start, long bytes, ByteBuffer data, ByteBuffer rest) {
            this.kind = kind;
            this.flags = flags;
            this.start = start;
            this.bytes = bytes;
            this.data = data;
            this.rest = rest;
        }

        boolean overlaps(Change other) {
            return start < other.start + other.bytes && other.start < start + bytes;
        }

        /** False while there is no memory for it. */
        boolean prepare() {
            if (kind != IoOp.WRITE) {
                prepare(kind, start, bytes, flags & ~FAST_ZERO);
                return true;
            }
            int unit = device.geometry().preferredBytes();
            int at = (int) (start & unit - 1);
            IoBuffer allocated = buffers.tryAllocate((int) (at + bytes + unit - 1 & -(long) unit));
            if (allocated == null) {
                return false;
            }
            buffer = allocated;
            allocated.bytes(at, (int) bytes).put(data).put(rest);
            prepare(kind, start, (int) bytes, flags, allocated, at);
            return true;
        }

        @Override
        public void completed(IoStatus result) {
            IoBuffer used = buffer;
            buffer = null;
            if (used != null) {
                used.release();
            }
            running.remove(this);
            status = status.and(result);
            next();
        }
    }
}
