package io.brickcache.mapping;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.RequestQueue;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A device whose answered changes are in a {@link WriteLog} until a FLUSH has made them durable, so that a crash of the
 * service loses none of them. A disk loses what it was not told to flush only when the power goes; a file system that stays
 * mounted while the service is killed counts on that. Without a log everything just passes.
 *
 * <p>Loop-confined but for {@link #geometry} and {@link #name}. When the log is half full a FLUSH of its own is made; when
 * it is full, changes wait for that. If that FLUSH fails, a client's next one fails too: the device below tells a loss only once.
 */
public final class LoggedDevice implements BlockDevice {

    private final BlockDevice below;
    private final RequestQueue waiting = new RequestQueue();
    private final Deque<Relay> spare = new ArrayDeque<>();
    private @Nullable WriteLog log;
    private boolean flushing;
    /** A flush of our own failed, and no client has been told. */
    private boolean failureUntold;

    public LoggedDevice(BlockDevice below) {
        this.below = below;
    }

    @Override
    public Geometry geometry() {
        return below.geometry();
    }

    @Override
    public String name() {
        return below.name();
    }

    /** The log that changes go to from now on; null while there is none. */
    public @Nullable WriteLog log() {
        return log;
    }

    /** Changes that are submitted from now on are logged. */
    public void logTo(WriteLog next) {
        log = next;
    }

    /** Changes are not logged any more; none is under way. Answers with the log. */
    public @Nullable WriteLog stopLogging() {
        WriteLog before = log;
        log = null;
        return before;
    }

    /** Makes durable what is logged; {@code done} hears whether that was so. */
    public void settle(Consumer<IoStatus> done) {
        WriteLog current = log;
        if (current == null) {
            done.accept(IoStatus.OK);
        } else {
            below.submit(new OwnFlush(current, done));
        }
    }

    @Override
    public void submit(IoRequest request) {
        WriteLog current = log;
        if (failureUntold && request.op() == IoOp.FLUSH) {
            failureUntold = false;
            request.completed(IoStatus.IO_ERROR);
        } else if (current == null) {
            below.submit(request);
        } else if (request.op() == IoOp.FLUSH) {
            relay().flush(current, request);
        } else if (!request.op().isMutation()) {
            below.submit(request);
        } else if (!waiting.isEmpty() || !current.reserve(dataBytes(request))) {
            waiting.add(request);
            makeRoom(current);
        } else {
            relay().change(current, request);
            if (current.usedBytes() > current.ringBytes() / 2) {
                makeRoom(current);
            }
        }
    }

    /** The device below stays open: it is its owner's. */
    @Override
    public void close() {}

    private static long dataBytes(IoRequest request) {
        return request.op() == IoOp.WRITE ? request.length() : 0;
    }

    private Relay relay() {
        Relay relay = spare.poll();
        return relay == null ? new Relay() : relay;
    }

    private void makeRoom(WriteLog current) {
        if (!flushing && !current.isEmpty()) {
            flushing = true;
            below.submit(new OwnFlush(current, status -> {
                flushing = false;
                if (!status.isOk()) {
                    failWaiting();
                }
                submitWaiting(current);
            }));
        }
    }

    private void submitWaiting(WriteLog current) {
        IoRequest request;
        while ((request = waiting.peek()) != null) {
            if (!current.reserve(dataBytes(request))) {
                makeRoom(current);
                return;
            }
            waiting.poll();
            relay().change(current, request);
        }
    }

    /** A flush that was to make room has failed: what waits for room fails as well. */
    private void failWaiting() {
        IoRequest request;
        while ((request = waiting.poll()) != null) {
            request.completed(IoStatus.IO_ERROR);
        }
    }

    /** A request on its way to the device below and back; reused. */
    private final class Relay extends IoRequest {
        private @Nullable IoRequest original;
        private @Nullable WriteLog to;
        private long mark;
        private boolean logged;

        void change(WriteLog current, IoRequest request) {
            original = request;
            to = current;
            logged = false;
            prepareAs(request);
            below.submit(this);
        }

        void flush(WriteLog current, IoRequest request) {
            original = request;
            to = current;
            mark = current.head();
            prepareFlush();
            below.submit(this);
        }

        @Override
        public void accepted() {
            IoRequest told = original;
            WriteLog current = to;
            if (current == null || told == null) {
                throw new IllegalStateException("accepted after it was completed");
            }
            log(current);
            told.accepted();
        }

        private void log(WriteLog current) {
            logged = true;
            current.append(op(), flags() & ~BEHIND, offset(), length(), data());
        }

        @Override
        public void completed(IoStatus status) {
            IoRequest done = original;
            WriteLog current = to;
            original = null;
            to = null;
            if (current == null || done == null) {
                throw new IllegalStateException("completed twice");
            }
            if (op() == IoOp.FLUSH) {
                if (status.isOk()) {
                    current.release(mark);
                }
            } else if (!logged && status.isOk()) {
                log(current);
            } else if (!logged) {
                current.cancel(dataBytes(this));
            }
            spare.push(this);
            done.completed(status);
            if (!waiting.isEmpty()) {
                submitWaiting(current);
            }
        }

        private @Nullable ByteBuffer data() {
            return op() == IoOp.WRITE ? buffer().bytes(bufferOffset(), (int) length()) : null;
        }
    }

    /** Makes durable what is in the log when it is made. */
    private final class OwnFlush extends IoRequest {
        private final WriteLog flushed;
        private final long mark;
        private final Consumer<IoStatus> done;

        OwnFlush(WriteLog flushed, Consumer<IoStatus> done) {
            this.flushed = flushed;
            this.mark = flushed.head();
            this.done = done;
            prepareFlush();
        }

        @Override
        public void completed(IoStatus status) {
            if (status.isOk()) {
                flushed.release(mark);
            } else {
                failureUntold = true;
            }
            done.accept(status);
        }
    }
}
