package io.brickcache.block.sim;

import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.env.sim.SeededEntropy;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * One request under way in a {@link SimDevice}. Its range is cut into pieces; each takes effect at its own moment between
 * submit and completion, in any order, so that requests that overlap in time and place mix as on a real disk.
 */
final class Operation implements Runnable {

    /** Written over the memory of a READ at submit; it is no sector's content. */
    private static final long RUBBISH = 0xDEAD_5EC7_0BAD_F00DL;

    private static final int MAX_PIECES = 4;

    final IoRequest request;
    private final SimDevice device;
    private final Fault fault;
    private final long completeAtNs;
    private final long submitTick;
    private final Change.Origin origin = new Change.Origin();
    private final long[] pieceStarts;
    private final long[] pieceEnds;
    private final long[] effectAtNs;
    /** Where it is done, if that is not where it should be: added to offsets of the request. */
    private long shift;

    private int piecesDone;
    private boolean finished;

    Operation(SimDevice device, IoRequest request, Fault fault, long completeAtNs) {
        this.device = device;
        this.request = request;
        this.fault = fault;
        this.completeAtNs = completeAtNs;
        this.submitTick = device.medium().nextTick();
        int pieces = countPieces();
        this.pieceStarts = new long[pieces];
        this.pieceEnds = new long[pieces];
        this.effectAtNs = new long[pieces];
    }

    private int countPieces() {
        boolean moves = request.op() == IoOp.READ || request.op().isMutation();
        if (!moves || fault == Fault.IO_ERROR) {
            return 0;
        }
        SeededEntropy entropy = device.entropy();
        long sectors = request.length() / device.medium().sectorBytes();
        int wanted = entropy.chance(0.25) ? entropy.between(2, MAX_PIECES) : 1;
        return (int) Math.min(sectors, wanted);
    }

    void start(long latencyNs) {
        if (request.op() == IoOp.READ) {
            scribble();
        }
        boolean moves = request.op() == IoOp.READ || request.op() == IoOp.WRITE;
        if (fault == Fault.MISDIRECTED && moves) {
            misdirect();
        }
        if (request.op() == IoOp.WRITE) {
            noteDamage();
        }
        planPieces(latencyNs);
        if (latencyNs == 0) {
            while (!finished) {
                run();
            }
        } else {
            scheduleNext();
        }
    }

    private void misdirect() {
        int sectorBytes = device.medium().sectorBytes();
        long places = (device.medium().sizeBytes() - request.length()) / sectorBytes + 1;
        shift = device.entropy().nextLong(places) * sectorBytes - request.offset();
    }

    private void noteDamage() {
        switch (fault) {
            case LOST_WRITE, ROT -> device.damaged(request.length());
            case MISDIRECTED -> device.damaged(2 * request.length());
            default -> {
                // What is stored is what was to be stored, or the caller is told otherwise.
            }
        }
    }

    private void planPieces(long latencyNs) {
        SeededEntropy entropy = device.entropy();
        int pieces = pieceStarts.length;
        int sectorBytes = device.medium().sectorBytes();
        long sectors = request.length() / sectorBytes;
        long from = 0;
        for (int i = 0; i < pieces; i++) {
            long left = sectors - from - (pieces - 1 - i);
            long taken = i == pieces - 1 ? left : 1 + entropy.nextLong(left);
            pieceStarts[i] = request.offset() + from * sectorBytes;
            from += taken;
            pieceEnds[i] = request.offset() + from * sectorBytes;
            effectAtNs[i] = completeAtNs - latencyNs + momentOfEffect(latencyNs);
        }
        Arrays.sort(effectAtNs);
        for (int i = pieces - 1; i > 0; i--) {
            int j = entropy.nextInt(i + 1);
            swap(pieceStarts, i, j);
            swap(pieceEnds, i, j);
        }
    }

    /** The extremes are as likely as everything between: they are where callers go wrong. */
    private long momentOfEffect(long latencyNs) {
        return switch (device.entropy().nextInt(4)) {
            case 0 -> 0;
            case 1 -> latencyNs;
            default -> device.entropy().nextLong(latencyNs + 1);
        };
    }

    private static void swap(long[] values, int i, int j) {
        long value = values[i];
        values[i] = values[j];
        values[j] = value;
    }

    private void scheduleNext() {
        long atNs = piecesDone < effectAtNs.length ? effectAtNs[piecesDone] : completeAtNs;
        device.loop().schedule(atNs - device.loop().nowNs(), this);
    }

    /** One step: the next piece, or the completion. */
    @Override
    public void run() {
        if (finished) {
            return;
        }
        if (piecesDone < pieceStarts.length) {
            int piece = piecesDone++;
            takeEffect(pieceStarts[piece], pieceEnds[piece]);
            if (device.loop().nowNs() < completeAtNs) {
                scheduleNext();
                return;
            }
            if (piecesDone < pieceStarts.length) {
                run();
                return;
            }
        }
        complete();
    }

    private void takeEffect(long start, long end) {
        switch (request.op()) {
            case READ -> {
                checkBufferAlive();
                device.medium()
                        .read(
                                start + shift,
                                (int) (end - start),
                                request.buffer().bytes().clear(),
                                bufferIndex(start));
            }
            case WRITE, WRITE_ZEROES -> {
                boolean lost = fault == Fault.LOST_WRITE && request.op() == IoOp.WRITE;
                if (fault == Fault.PARTIAL_WRITE || lost) {
                    takeEffectInPart(start, end);
                } else {
                    change(start, end);
                }
            }
            case TRIM -> takeEffectInPart(start, end);
            case FLUSH, CACHE, EXTENTS -> throw new IllegalStateException(request + " has no pieces");
        }
    }

    private void change(long start, long end) {
        if (request.op() == IoOp.WRITE) {
            checkBufferAlive();
            ByteBuffer bytes = request.buffer().bytes().clear();
            device.medium().write(origin, start + shift, bytes, bufferIndex(start), (int) (end - start));
            if (fault == Fault.ROT && start == request.offset()) {
                rot(bytes);
            }
        } else {
            device.medium().zero(origin, start, end - start);
        }
    }

    /** Stores the first sector once more, with one bit turned. */
    private void rot(ByteBuffer bytes) {
        byte[] sector = new byte[device.medium().sectorBytes()];
        bytes.get(request.bufferOffset(), sector);
        sector[device.entropy().nextInt(sector.length)] ^=
                (byte) (1 << device.entropy().nextInt(Byte.SIZE));
        device.medium().write(origin, request.offset(), ByteBuffer.wrap(sector), 0, sector.length);
    }

    /** Changes runs of sectors and leaves others, all and none included. */
    private void takeEffectInPart(long start, long end) {
        SeededEntropy entropy = device.entropy();
        int sectorBytes = device.medium().sectorBytes();
        double share = entropy.pick(0.0, 0.5, 0.5, 1.0);
        long longest = entropy.chance(0.5) ? 1 : Math.max(1, (end - start) / sectorBytes);
        for (long at = start; at < end; ) {
            long next = Math.min(end, at + (1 + entropy.nextLong(longest)) * sectorBytes);
            if (entropy.chance(share)) {
                change(at, next);
            }
            at = next;
        }
    }

    private void complete() {
        finished = true;
        if (request.op() == IoOp.READ) {
            checkBufferAlive();
        }
        boolean lostSync = fault == Fault.LOST_SYNC && request.op() == IoOp.FLUSH;
        if (lostSync) {
            device.medium().loseUnsynced();
        }
        boolean failed = fault == Fault.IO_ERROR || fault == Fault.PARTIAL_WRITE || lostSync;
        IoStatus status = failed ? IoStatus.IO_ERROR : IoStatus.OK;
        if (status.isOk()) {
            completeWell();
        }
        origin.answered(device.medium().nextTick());
        device.finished(this);
        request.completed(status);
    }

    private void completeWell() {
        switch (request.op()) {
            case FLUSH -> device.medium().syncAnsweredBefore(submitTick);
            case EXTENTS -> describe((ExtentsRequest) request);
            case READ -> {
                if (fault == Fault.BIT_FLIP) {
                    flipBit();
                }
            }
            case WRITE, WRITE_ZEROES, TRIM -> {
                if (request.has(IoRequest.FUA)) {
                    device.medium().sync(origin);
                }
            }
            case CACHE -> {
                // A hint; there is nothing to do for it.
            }
        }
    }

    private void describe(ExtentsRequest extents) {
        if (extents.context() == ExtentsRequest.Context.RESIDENCY) {
            extents.add(extents.length(), ExtentsRequest.NOT_CACHED);
            return;
        }
        long end = extents.offset() + extents.length();
        for (long at = extents.offset(); at < end; ) {
            long length = Math.min(end - at, device.medium().bytesToChunkEnd(at));
            int state = device.medium().isHole(at) ? ExtentsRequest.HOLE | ExtentsRequest.ZERO : 0;
            if (!extents.add(length, state)) {
                return;
            }
            at += length;
        }
    }

    private void flipBit() {
        int at = request.bufferOffset() + device.entropy().nextInt((int) request.length());
        byte flipped = (byte) (request.buffer().bytes().clear().get(at)
                ^ 1 << device.entropy().nextInt(Byte.SIZE));
        request.buffer().bytes().put(at, flipped);
    }

    private void scribble() {
        int end = request.bufferOffset() + (int) request.length();
        request.buffer().bytes().clear();
        for (int at = request.bufferOffset(); at < end; at += device.medium().sectorBytes()) {
            request.buffer().bytes().putLong(at, RUBBISH);
        }
    }

    /** Throws if the caller has given the buffer back while the device still uses it. */
    private void checkBufferAlive() {
        request.buffer().retain().release();
    }

    private int bufferIndex(long at) {
        return request.bufferOffset() + (int) (at - request.offset());
    }

    /** The process died: what has not taken effect does so in part, and a later FLUSH covers it. */
    void kill() {
        finished = true;
        while (request.op().isMutation() && piecesDone < pieceStarts.length) {
            takeEffectInPart(pieceStarts[piecesDone], pieceEnds[piecesDone]);
            piecesDone++;
        }
        origin.answered(device.medium().nextTick());
    }
}
