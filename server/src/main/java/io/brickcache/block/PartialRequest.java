package io.brickcache.block;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Executes one request that does not fit the sectors of a device, piece by piece: an <i>edge</i> is a sector covered in
 * part; the <i>body</i> are the whole sectors between. At most one piece is with the device. The body of a WRITE_ZEROES
 * goes first, so that a device that refuses it has done nothing. Reused by its {@link SectorAdapter}.
 */
final class PartialRequest extends IoRequest implements BufferPool.Waiter {

    /** Most that is copied through scratch memory at a time. */
    private static final int BOUNCE_BYTES = 64 << 10;

    private enum Piece {
        NONE,
        EDGE_READ,
        EDGE_WRITE,
        BODY,
        BOUNCE
    }

    private final SectorAdapter adapter;
    private final BlockDevice below;
    private final BufferPool pool;
    private final int sector;

    private @Nullable IoRequest request;
    private @Nullable IoBuffer scratch;
    private Piece piece = Piece.NONE;
    /** Everything from the start of the request to here is done, but for a body that went first. */
    private long position;

    /** Of the device. */
    private long size;

    private long end;
    private long bodyStart;
    private long bodyEnd;
    private int pieceBytes;
    private boolean bodyDone;
    private boolean started;
    private IoStatus status = IoStatus.OK;
    private boolean running;
    private boolean pieceCompleted;

    PartialRequest(SectorAdapter adapter, BlockDevice below, BufferPool pool) {
        this.adapter = adapter;
        this.below = below;
        this.pool = pool;
        this.sector = below.geometry().sectorBytes();
    }

    /** What to execute, on {@link #start}. */
    void take(IoRequest taken) {
        request = taken;
        started = false;
    }

    boolean isStarted() {
        return started;
    }

    /** True if both have a part of one sector; asked before and while they are executed. */
    boolean sharesSector(PartialRequest other) {
        IoRequest mine = Objects.requireNonNull(request);
        IoRequest theirs = Objects.requireNonNull(other.request);
        return mine.offset() / sector <= (theirs.offset() + theirs.length() - 1) / sector
                && theirs.offset() / sector <= (mine.offset() + mine.length() - 1) / sector;
    }

    void start() {
        started = true;
        IoRequest begun = Objects.requireNonNull(request);
        size = below.geometry().sizeBytes();
        position = begun.offset();
        end = position + begun.length();
        bodyStart = position + sector - 1 & -(long) sector;
        bodyEnd = end == size ? end : end & -(long) sector;
        bodyDone = bodyEnd <= bodyStart;
        status = IoStatus.OK;
        piece = Piece.NONE;
        if (begun.op() == IoOp.TRIM) {
            // The edges stay as they are.
            position = bodyDone ? end : bodyStart;
            end = bodyDone ? end : bodyEnd;
            run();
        } else {
            pool.whenAvailable(this);
        }
    }

    @Override
    public int bytesWanted() {
        return isBounced() ? (int) Math.min(BOUNCE_BYTES, Math.max(sector, bodyEnd - bodyStart)) : sector;
    }

    @Override
    public void available(IoBuffer buffer) {
        scratch = buffer;
        run();
    }

    /** A piece is done. */
    @Override
    public void completed(IoStatus result) {
        status = status.and(result);
        pieceCompleted = true;
        if (!running) {
            run();
        }
    }

    /** Works until a piece is with the device or all is done; a loop, as a piece may complete within its submit. */
    private void run() {
        running = true;
        do {
            pieceCompleted = false;
            if (status.isOk()) {
                finishPiece();
            }
            if (!status.isOk() || piece == Piece.NONE && position == end) {
                running = false;
                finish();
                return;
            }
            submitPiece();
        } while (pieceCompleted);
        running = false;
    }

    /** Takes note of the piece that is done; leaves NONE, or EDGE_WRITE if an edge is to be written back. */
    private void finishPiece() {
        switch (piece) {
            case NONE -> {}
            case EDGE_READ -> {
                boolean reads = current().op() == IoOp.READ;
                if (reads) {
                    copyOut(edgeOffset());
                    position += pieceBytes;
                } else {
                    overlay();
                }
                piece = reads ? Piece.NONE : Piece.EDGE_WRITE;
            }
            case EDGE_WRITE -> {
                position += pieceBytes;
                piece = Piece.NONE;
            }
            case BODY -> {
                bodyDone = true;
                piece = Piece.NONE;
            }
            case BOUNCE -> {
                if (current().op() == IoOp.READ) {
                    copyOut(0);
                }
                position += pieceBytes;
                bodyDone = position == bodyEnd;
                piece = Piece.NONE;
            }
        }
        if (bodyDone && position == bodyStart && bodyStart < bodyEnd) {
            position = bodyEnd;
        }
    }

    private void submitPiece() {
        IoRequest whole = current();
        if (piece == Piece.EDGE_WRITE) {
            prepare(IoOp.WRITE, edgeStart(), edgeSectorBytes(), whole.flags() & FUA, scratch(), 0);
        } else if (isDataless(whole) && !bodyDone) {
            piece = Piece.BODY;
            prepare(whole.op(), bodyStart, bodyEnd - bodyStart, whole.flags());
        } else if (position < bodyStart || position >= bodyEnd) {
            piece = Piece.EDGE_READ;
            pieceBytes = (int) (Math.min(end, edgeStart() + edgeSectorBytes()) - position);
            prepare(IoOp.READ, edgeStart(), edgeSectorBytes(), 0, scratch(), 0);
        } else if (isBounced()) {
            piece = Piece.BOUNCE;
            pieceBytes = (int) Math.min(bodyEnd - position, scratch().capacity());
            if (whole.op() == IoOp.WRITE) {
                scratch().bytes(0, pieceBytes).put(whole.buffer().bytes(bufferPosition(), pieceBytes));
            }
            prepare(whole.op(), position, pieceBytes, whole.flags(), scratch(), 0);
        } else {
            piece = Piece.BODY;
            prepare(whole.op(), position, (int) (bodyEnd - position), whole.flags(), whole.buffer(), bufferPosition());
        }
        below.submit(this);
    }

    private void finish() {
        IoRequest whole = current();
        IoBuffer used = scratch;
        scratch = null;
        if (used != null) {
            used.release();
        }
        request = null;
        adapter.finished(this, whole, status);
    }

    private void copyOut(int from) {
        current().buffer().bytes(bufferPosition(), pieceBytes).put(scratch().bytes(from, pieceBytes));
    }

    private void overlay() {
        IoRequest whole = current();
        if (whole.op() == IoOp.WRITE) {
            scratch().bytes(edgeOffset(), pieceBytes).put(whole.buffer().bytes(bufferPosition(), pieceBytes));
        } else {
            int from = edgeOffset();
            scratch().bytes(0, scratch().capacity());
            for (int i = from; i < from + pieceBytes; i += Long.BYTES) {
                scratch().bytes().putLong(i, 0);
            }
        }
    }

    /** True if the memory of the body is not aligned as the device asks. */
    private boolean isBounced() {
        IoRequest whole = current();
        long bodyInBuffer = whole.bufferOffset() + bodyStart - whole.offset();
        return !isDataless(whole) && (bodyInBuffer & sector - 1) != 0;
    }

    private static boolean isDataless(IoRequest request) {
        return request.op() != IoOp.READ && request.op() != IoOp.WRITE;
    }

    private int bufferPosition() {
        return (int) (current().bufferOffset() + position - current().offset());
    }

    private long edgeStart() {
        return position & -(long) sector;
    }

    private int edgeOffset() {
        return (int) (position - edgeStart());
    }

    /** Bytes of the sector at the position; the last one of the device may be short. */
    private int edgeSectorBytes() {
        return (int) Math.min(sector, size - edgeStart());
    }

    private IoRequest current() {
        IoRequest result = request;
        if (result == null) {
            throw new IllegalStateException("no request is being executed");
        }
        return result;
    }

    private IoBuffer scratch() {
        IoBuffer result = scratch;
        if (result == null) {
            throw new IllegalStateException("no scratch memory");
        }
        return result;
    }
}
