package io.brickcache.simulate;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import org.jspecify.annotations.Nullable;

/** A request of the trace under way, and what the devices did for it. Pooled by {@link Replay}. */
final class ReplayedRequest extends IoRequest implements BufferPool.Waiter {

    int index;
    long arrivedNs;

    @Nullable
    IoBuffer buffer;

    private final Replay replay;
    private int bytesWanted;
    private long diskNs;
    private long ssdNs;
    private int onSsd;
    private boolean diskRead;
    private boolean diskWritten;

    ReplayedRequest(Replay replay) {
        this.replay = replay;
        // Whatever the devices do for it has it as its cause, and so has the request itself where there is no cache.
        cause = this;
    }

    void begin(int newIndex, long nowNs, int newBytesWanted) {
        index = newIndex;
        arrivedNs = nowNs;
        bytesWanted = newBytesWanted;
        diskNs = 0;
        ssdNs = 0;
        onSsd = 0;
        diskRead = false;
        diskWritten = false;
    }

    void usedDisk(IoOp op, long costNs) {
        diskNs += costNs;
        if (op == IoOp.READ) {
            diskRead = true;
        } else {
            diskWritten = true;
        }
    }

    /** What is done side by side waits for the SSD once; the transfers add up. */
    void ssdStarted(long bytes) {
        ssdNs += (onSsd++ == 0 ? SimulatedSsd.ACCESS_NS : 0) + SimulatedSsd.transferNs(bytes);
    }

    void ssdEnded() {
        onSsd--;
    }

    /** The longer of its disk and its SSD part, without any waiting. */
    long serviceNs() {
        return Math.max(diskNs, ssdNs);
    }

    boolean hasReadDisk() {
        return diskRead;
    }

    boolean hasWrittenDisk() {
        return diskWritten;
    }

    @Override
    public int bytesWanted() {
        return bytesWanted;
    }

    @Override
    public void available(IoBuffer memory) {
        replay.submit(this, memory);
    }

    @Override
    public void completed(IoStatus status) {
        replay.answered(this, status);
    }
}
