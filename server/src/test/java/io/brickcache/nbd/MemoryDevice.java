package io.brickcache.nbd;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A device in memory whose fresh content tells its position. It insists on the contract that the engine insists on, and
 * on being called on one thread. Requests are answered at once, by way of an executor, or when the test says so.
 */
public final class MemoryDevice implements BlockDevice {

    /** When requests are answered. */
    public enum Answer {
        AT_ONCE,
        ON_EXECUTOR,
        WHEN_RELEASED,
        /** As WHEN_RELEASED, but a WRITE that allows it is accepted at once. */
        ACCEPTED
    }

    private final Geometry geometry;
    private final byte[] content;
    private final Deque<IoRequest> held = new ArrayDeque<>();
    private final List<String> log = new ArrayList<>();
    private Answer answer = Answer.AT_ONCE;
    private Executor executor = Runnable::run;
    private @Nullable IoStatus failure;
    private @Nullable Thread owner;
    private volatile @Nullable Throwable violation;
    private boolean closed;

    public MemoryDevice(Geometry geometry) {
        this.geometry = geometry;
        this.content = new byte[(int) geometry.sizeBytes()];
        for (int i = 0; i < content.length; i++) {
            content[i] = pattern(i);
        }
    }

    /** A writable device with everything; blocks of 4 KiB. */
    public static MemoryDevice ofSize(int bytes) {
        return new MemoryDevice(new Geometry(bytes, 512, 4096, true, true, false));
    }

    /** What a fresh device holds at an offset. */
    public static byte pattern(long offset) {
        return (byte) (offset * 31 + (offset >> 9) * 7 + (offset >> 20));
    }

    public MemoryDevice answering(Answer when, Executor where) {
        answer = when;
        executor = where;
        return this;
    }

    /** Every request is answered with this from now on; null: as it should. */
    public void failWith(@Nullable IoStatus status) {
        failure = status;
    }

    public byte[] content() {
        return content;
    }

    /** What was submitted, as text. */
    public List<String> log() {
        return log;
    }

    public int held() {
        return held.size();
    }

    /** Answers the oldest request that is held. */
    public void releaseOne() {
        answer(held.remove());
    }

    /** Answers the youngest request that is held. */
    public void releaseYoungest() {
        answer(held.removeLast());
    }

    public void releaseAll() {
        while (!held.isEmpty()) {
            releaseOne();
        }
    }

    /** Rethrows what was wrong about any call. */
    public void verify() {
        Throwable found = violation;
        if (found != null) {
            throw new AssertionError("the device was not used as agreed", found);
        }
    }

    @Override
    public Geometry geometry() {
        checkThread();
        return geometry;
    }

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public void submit(IoRequest request) {
        checkThread();
        log.add(request.toString());
        check(request);
        switch (answer) {
            case AT_ONCE -> answer(request);
            case ON_EXECUTOR -> executor.execute(() -> answer(request));
            case WHEN_RELEASED -> held.add(request);
            case ACCEPTED -> {
                held.add(request);
                if (request.op() == IoOp.WRITE && request.has(IoRequest.BEHIND)) {
                    request.accepted();
                }
            }
        }
    }

    @Override
    public void close() {
        closed = true;
    }

    private void answer(IoRequest request) {
        IoStatus status = failure;
        if (status == null) {
            status = closed ? IoStatus.SHUTDOWN : execute(request);
        }
        request.completed(status);
    }

    private IoStatus execute(IoRequest request) {
        int offset = (int) request.offset();
        int length = (int) request.length();
        switch (request.op()) {
            case READ -> request.buffer().bytes(request.bufferOffset(), length).put(content, offset, length);
            case WRITE -> request.buffer().bytes(request.bufferOffset(), length).get(content, offset, length);
            case WRITE_ZEROES -> Arrays.fill(content, offset, offset + length, (byte) 0);
            case EXTENTS -> describe((ExtentsRequest) request);
            case TRIM, FLUSH, CACHE -> {
                // nothing to be seen
            }
        }
        return IoStatus.OK;
    }

    /** Units of 64 KiB by turns: allocated and a hole; clean, dirty and not cached. The last one is not cut. */
    private static void describe(ExtentsRequest request) {
        long at = request.offset();
        long end = request.offset() + request.length();
        boolean more = true;
        while (at < end && more) {
            long unit = at >> 16;
            long next = unit + 1 << 16;
            int state = request.context() == ExtentsRequest.Context.ALLOCATION
                    ? unit % 2 == 0 ? 0 : ExtentsRequest.HOLE | ExtentsRequest.ZERO
                    : (int) (unit % 3);
            more = request.add(next - at, state);
            at = next;
        }
    }

    private void check(IoRequest request) {
        int sector = geometry.sectorBytes();
        int unit = geometry.preferredBytes();
        switch (request.op()) {
            case READ, WRITE -> {
                expect(geometry.contains(request.offset(), request.length()), request);
                expect(request.offset() % sector == 0 && request.length() % sector == 0, request);
                expect(request.bufferOffset() % unit == request.offset() % unit, request);
                long end = request.bufferOffset() + request.length();
                expect((end + unit - 1) / unit * unit <= request.buffer().capacity(), request);
                expect(request.length() <= 32 << 20, request);
            }
            case FLUSH -> {
                // no range
            }
            default -> expect(geometry.contains(request.offset(), request.length()), request);
        }
    }

    private void checkThread() {
        Thread current = Thread.currentThread();
        if (owner == null) {
            owner = current;
        }
        expect(owner == current, "called on " + current + " and on " + owner);
    }

    private void expect(boolean condition, Object what) {
        if (!condition && violation == null) {
            violation = new IllegalStateException(what.toString());
        }
    }
}
