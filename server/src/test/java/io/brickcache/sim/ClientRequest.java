package io.brickcache.sim;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.sim.Client.Pump;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A request of the workload with what the model knows about it. */
final class ClientRequest extends IoRequest implements ClientWork {

    private static final int SECTOR_BYTES = SectorContent.SECTOR_BYTES;
    private static final long RUBBISH = 0x0BAD_0BAD_0BAD_0BADL;

    private final Client client;
    private final int brick;
    private final @Nullable Pump pump;
    private @Nullable DiskModel model;
    private @Nullable Mutation mutation;
    private DiskModel.@Nullable Read read;
    private long flushSubmitted;
    private boolean sentAgain;

    ClientRequest(Client client, int brick, @Nullable Pump pump) {
        this.client = client;
        this.brick = brick;
        this.pump = pump;
    }

    @Override
    public int brick() {
        return brick;
    }

    @Override
    public IoRequest request() {
        return this;
    }

    /** The connection broke before an answer came: the request may have been executed, whatever is answered in the end. */
    void sentAgain() {
        sentAgain = true;
    }

    /** Tells the model of the submit that follows, and fills the memory of a WRITE. */
    void begin(DiskModel of) {
        model = of;
        if (op() == IoOp.READ) {
            read = of.submitRead(offset(), (int) length());
        } else if (op() == IoOp.FLUSH) {
            flushSubmitted = of.submitFlush();
        } else if (op().isMutation()) {
            Mutation begun = of.submitMutation(op(), offset(), length());
            mutation = begun;
            if (op() == IoOp.WRITE) {
                SectorContent.fill(memory(), bufferOffset(), (int) length(), begun.id, brick, offset() / SECTOR_BYTES);
            }
        }
    }

    @Override
    public void completed(IoStatus status) {
        client.ended(this, status);
        DiskModel of = model;
        Mutation changed = mutation;
        DiskModel.Read seen = read;
        if (of == null) {
            throw new IllegalStateException(this + " was never begun");
        }
        if (changed != null) {
            if (op() == IoOp.WRITE) {
                checkMemoryUntouched(changed);
            }
            of.mutationAnswered(changed, sentAgain && !status.isOk() ? IoStatus.IO_ERROR : status, has(FUA));
        } else if (seen != null && status.isOk()) {
            client.saw(of.readAnswered(seen, memory(), bufferOffset()));
        } else if (seen != null) {
            of.readFailed(seen);
        } else if (op() == IoOp.FLUSH && status.isOk()) {
            of.flushAnswered(flushSubmitted);
        }
        releaseMemory();
        if (pump != null) {
            pump.oneEnded();
        }
    }

    private void checkMemoryUntouched(Mutation changed) {
        long id = SectorContent.writeIdAt(memory(), bufferOffset(), brick, offset() / SECTOR_BYTES);
        if (id != changed.id) {
            throw new AssertionError(
                    "the memory of " + this + " was changed to " + SectorContent.describe(memory(), bufferOffset()));
        }
    }

    @Override
    public void abandon() {
        releaseMemory();
    }

    /**
     * What is left of a WRITE is made useless to a device that looks too late. The memory of a READ stays as it is: the
     * device may have retained it to keep what was read.
     */
    private void releaseMemory() {
        if (op() == IoOp.WRITE) {
            ByteBuffer memory = memory();
            for (int done = 0; done < length(); done += SECTOR_BYTES) {
                memory.putLong(bufferOffset() + done, RUBBISH);
            }
        }
        if (op() == IoOp.READ || op() == IoOp.WRITE) {
            buffer().release();
        }
    }

    private ByteBuffer memory() {
        return buffer().bytes().clear();
    }

    @Override
    public String toString() {
        Mutation changed = mutation;
        return "b" + brick + " " + super.toString() + (changed == null ? "" : " " + changed);
    }
}
