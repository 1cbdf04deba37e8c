package io.brickcache.mapping;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.Geometry;
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
 * the log is empty. Nothing is done of a log that is damaged, or names what the device does not have. On the loop of the
 * device, which nobody else uses yet.
 */
public final class Replay {

    private static final int MAX_IN_FLIGHT = 32;
    /** A WRITE is done in pieces that end at multiples of this: memory may be less than it was. A power of two. */
    private static final int MAX_PIECE_BYTES = 1 << 20;

    private final BlockDevice device;
    private final BufferPool buffers;
    private final WriteLog log;
    private final Deque<Change> running = new ArrayDeque<>();
    private IoStatus status = IoStatus.OK;
    private @Nullable String problem;
    private int count;
    /** Where the log is read next. */
    private long place;
    /** What is done next of what has been read; null if it has all been submitted. */
    private @Nullable Change ahead;

    private boolean starting;
    private boolean waitsForMemory;
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

    /** Why it failed, if more than its status can be said of that. */
    public @Nullable String problem() {
        return problem;
    }

    /** Begins; {@code done} hears how it ended. After an error the log is as it was. */
    public void start(Consumer<IoStatus> done) {
        ended = done;
        place = log.tail();
        try {
            log.read(this::check);
        } catch (IOException e) {
            fail(e);
        }
        next();
    }

    private void check(IoOp op, int flags, long offset, long length, ByteBuffer data, ByteBuffer rest)
            throws IOException {
        Geometry geometry = device.geometry();
        int sectorMask = geometry.sectorBytes() - 1;
        if (!geometry.contains(offset, length)
                || (offset & sectorMask) != 0
                || (length & sectorMask) != 0 && offset + length < geometry.sizeBytes()) {
            throw new IOException("the log has " + length + " bytes at " + offset + " of " + device.name()
                    + ", which has " + geometry.sizeBytes() + " bytes in sectors of " + geometry.sectorBytes());
        }
        count++;
    }

    private void fail(IOException e) {
        problem = e.getMessage();
        status = status.and(IoStatus.IO_ERROR);
    }

    private void next() {
        if (starting) {
            return;
        }
        starting = true;
        Change change;
        while (running.size() < MAX_IN_FLIGHT
                && (change = first()) != null
                && !overlapsRunning(change)
                && change.prepare()) {
            ahead = change.following();
            running.add(change);
            device.submit(change);
        }
        starting = false;
        if (running.isEmpty() && !waitsForMemory) {
            end();
        }
    }

    /** What is to be done next; null if nothing is. */
    private @Nullable Change first() {
        if (waitsForMemory || !status.isOk()) {
            return null;
        }
        if (ahead == null && place < log.head()) {
            try {
                place = log.read(place, (op, flags, offset, length, data, rest) -> {
                    ahead = new Change(op, flags, offset, offset + length, data, rest);
                });
            } catch (IOException e) {
                fail(e);
            }
        }
        return ahead;
    }

    private void end() {
        Consumer<IoStatus> told = ended;
        ended = null;
        if (told == null) {
            return;
        }
        if (status.isOk()) {
            device.submit(new Flush(told));
        } else {
            told.accept(status);
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

    /** A change of the log, or a piece of one and what follows it. */
    private final class Change extends IoRequest implements BufferPool.Waiter {
        private final IoOp kind;
        private final int flags;
        private final long start;
        private final long pieceEnd;
        private final long end;
        private final ByteBuffer data;
        private final ByteBuffer rest;
        private @Nullable IoBuffer memory;

        Change(IoOp kind, int flags, long start, long end, ByteBuffer data, ByteBuffer rest) {
            this.kind = kind;
            this.flags = flags;
            this.start = start;
            this.end = end;
            this.data = data;
            this.rest = rest;
            int piece = Math.min(MAX_PIECE_BYTES, buffers.maxBytes());
            pieceEnd = kind == IoOp.WRITE ? Math.min(end, (start | piece - 1) + 1) : end;
        }

        boolean overlaps(Change other) {
            return start < other.pieceEnd && other.start < pieceEnd;
        }

        /** The next piece; null if this is the last one. Once this one has been prepared. */
        @Nullable
        Change following() {
            return pieceEnd < end ? new Change(kind, flags, pieceEnd, end, data, rest) : null;
        }

        /** False while there is no memory for it. */
        boolean prepare() {
            if (kind != IoOp.WRITE) {
                prepare(kind, start, end - start, flags & ~FAST_ZERO);
                return true;
            }
            if (memory == null) {
                memory = buffers.tryAllocate(bytesWanted());
            }
            if (memory == null) {
                waitsForMemory = true;
                buffers.whenAvailable(this);
            }
            IoBuffer allocated = memory;
            if (allocated == null) {
                return false;
            }
            ByteBuffer to = allocated.bytes(lead(), (int) (pieceEnd - start));
            move(data, to);
            move(rest, to);
            prepare(kind, start, (int) (pieceEnd - start), flags, allocated, lead());
            return true;
        }

        private static void move(ByteBuffer from, ByteBuffer to) {
            int bytes = Math.min(from.remaining(), to.remaining());
            to.put(from.slice(from.position(), bytes));
            from.position(from.position() + bytes);
        }

        /** A device wants data to lie in memory as on the disk. */
        private int lead() {
            return (int) (start & device.geometry().preferredBytes() - 1);
        }

        @Override
        public int bytesWanted() {
            int unit = device.geometry().preferredBytes();
            return (int) (lead() + (pieceEnd - start) + unit - 1 & -(long) unit);
        }

        @Override
        public void available(IoBuffer buffer) {
            memory = buffer;
            waitsForMemory = false;
            if (!status.isOk()) {
                giveBack();
            }
            next();
        }

        @Override
        public void completed(IoStatus result) {
            giveBack();
            running.remove(this);
            status = status.and(result);
            next();
        }

        private void giveBack() {
            IoBuffer used = memory;
            memory = null;
            if (used != null) {
                used.release();
            }
        }
    }
}
