package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;

/**
 * Writes a new data area through once, from its start to its end, with zeroes: writing into unwritten extents costs twice
 * the CPU, and an SSD that cannot take the whole area is found out now. {@link #start} on the loop; the rest from any
 * thread.
 */
final class DataAreaWriter {

    static final int REQUEST_BYTES = 1 << 20;
    private static final int IN_FLIGHT = 4;

    private final BlockDevice device;
    private final IoBuffer zeroes;
    private final long sizeBytes;
    private final CompletableFuture<IoStatus> ended = new CompletableFuture<>();
    private final Deque<Piece> idle = new ArrayDeque<>();
    private long nextOffset;
    private boolean submitting;
    private IoStatus status = IoStatus.OK;
    private volatile long doneBytes;
    private volatile boolean cancelled;

    /**
     * @param zeroes at least {@link #REQUEST_BYTES}; the writer owns it until it has ended and releases it on the loop
     * @param sizeBytes a multiple of the device's sector
     */
    DataAreaWriter(BlockDevice device, IoBuffer zeroes, long sizeBytes) {
        this.device = device;
        this.zeroes = zeroes;
        this.sizeBytes = sizeBytes;
    }

    /** Begins; the future hears, on the loop, how the writing ended: OK also if it was cancelled. */
    CompletableFuture<IoStatus> start() {
        zeroes.bytes().put(new byte[REQUEST_BYTES]);
        for (int i = 0; i < IN_FLIGHT; i++) {
            idle.add(new Piece());
        }
        submitMore();
        return ended;
    }

    /** Starts no more requests. */
    void cancel() {
        cancelled = true;
    }

    long doneBytes() {
        return doneBytes;
    }

    private void submitMore() {
        submitting = true;
        Piece piece;
        while (nextOffset < sizeBytes && !cancelled && status.isOk() && (piece = idle.poll()) != null) {
            int length = (int) Math.min(REQUEST_BYTES, sizeBytes - nextOffset);
            piece.prepare(IoOp.WRITE, nextOffset, length, 0, zeroes, 0);
            nextOffset += length;
            device.submit(piece);
        }
        submitting = false;
        if (idle.size() == IN_FLIGHT) {
            zeroes.release();
            ended.complete(status);
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written on the loop only
    private void written(Piece piece, IoStatus outcome) {
        idle.add(piece);
        status = status.and(outcome);
        doneBytes += piece.length();
        if (!submitting) {
            submitMore();
        }
    }

    private final class Piece extends IoRequest {
        @Override
        public void completed(IoStatus outcome) {
            written(this, outcome);
        }
    }
}
