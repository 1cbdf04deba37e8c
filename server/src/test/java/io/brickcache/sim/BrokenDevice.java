package io.brickcache.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A disk with a bug. */
final class BrokenDevice extends Relay {

    private final DiskBug bug;
    private final int oneIn;
    private final PassThroughSystem system;
    private final int brick;
    private final SeededEntropy entropy;
    final SimLoop loop;
    private byte @Nullable [] oldContent;
    private long oldOffset;

    BrokenDevice(DiskBug bug, int oneIn, PassThroughSystem system, int brick, SimDevice disk) {
        super(disk);
        this.bug = bug;
        this.oneIn = oneIn;
        this.system = system;
        this.brick = brick;
        this.entropy = system.entropy().split("bug");
        this.loop = system.loop();
    }

    @Override
    public void submit(IoRequest request) {
        if (bug.concerns(request) && entropy.nextInt(oneIn) == 0) {
            bug.misbehave(this, request);
        } else {
            passOn(request);
        }
    }

    void passOn(IoRequest request) {
        super.submit(request);
    }

    long neighbour(IoRequest request) {
        long end = request.offset() + request.length();
        if (geometry().contains(end, request.length())) {
            return end;
        }
        return Math.max(0, request.offset() - request.length());
    }

    /** Another brick that has the range; the own one if none has. */
    BlockDevice otherBrick(IoRequest request) {
        int bricks = system.scenarioBricks();
        for (int i = 1; i < bricks; i++) {
            BlockDevice other = system.diskDevice((brick + i) % bricks);
            if (other.geometry().contains(request.offset(), request.length())) {
                return other;
            }
        }
        return inner();
    }

    /** Has the request done, and lets nobody hear of it. */
    void submitUnheard(IoRequest request) {
        IoRequest unheard = new IoRequest() {
            @Override
            public void completed(IoStatus status) {
                // The bug.
            }
        };
        if (request.op() == IoOp.FLUSH) {
            unheard.prepareFlush();
        } else {
            unheard.prepare(
                    request.op(),
                    request.offset(),
                    (int) request.length(),
                    request.flags(),
                    request.buffer(),
                    request.bufferOffset());
        }
        inner().submit(unheard);
    }

    /** Writes the first sector's content to the second and the other way round, the rest where it belongs. */
    void swapFirstTwoSectors(IoRequest request) {
        int rest = (int) request.length() - 1024;
        IoRequest third = rest == 0 ? request : part(request, 1024, rest, 1024, request);
        IoRequest second = part(request, 512, 512, 0, third);
        inner().submit(part(request, 0, 512, 512, second));
    }

    private IoRequest part(IoRequest whole, int from, int length, int bufferShift, IoRequest then) {
        IoRequest part = new IoRequest() {
            @Override
            public void completed(IoStatus status) {
                if (then == whole || !status.isOk()) {
                    whole.completed(status);
                } else {
                    inner().submit(then);
                }
            }
        };
        part.prepare(
                IoOp.WRITE,
                whole.offset() + from,
                length,
                whole.flags(),
                whole.buffer(),
                whole.bufferOffset() + bufferShift);
        return part;
    }

    /** Answers from the copy that was kept of an earlier read of the same place, else keeps one. */
    void answerWithOldContent(IoRequest request) {
        byte[] kept = oldContent;
        ByteBuffer bytes = request.buffer().bytes().clear();
        if (kept != null && oldOffset == request.offset() && kept.length >= request.length()) {
            bytes.put(request.bufferOffset(), kept, 0, (int) request.length());
            loop.execute(() -> request.completed(IoStatus.OK));
            return;
        }
        byte[] copy = new byte[(int) request.length()];
        oldContent = copy;
        oldOffset = request.offset();
        system.disk(brick).read(request.offset(), copy.length, ByteBuffer.wrap(copy), 0);
        passOn(request);
    }
}
