package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/** Knows whether a disk has answered writes since it was last synced, and syncs it; one sync at a time. */
final class DiskSync extends IoRequest {

    private final BlockDevice disk;
    private final Deque<Consumer<IoStatus>> waiting = new ArrayDeque<>();
    private final Deque<Consumer<IoStatus>> current = new ArrayDeque<>();
    private boolean busy;
    /** Begins ahead of {@link #synced}: a process killed before may have left writes in the disk's cache. */
    private long answered = 1;

    private long synced;
    private long syncing;

    DiskSync(BlockDevice disk) {
        this.disk = disk;
    }

    /** A write to the disk was answered, well or not. */
    void wrote() {
        answered++;
    }

    boolean isUnsynced() {
        return answered != synced;
    }

    boolean isIdle() {
        return !busy && waiting.isEmpty();
    }

    /** Makes durable what has been answered until now. */
    void sync(Consumer<IoStatus> done) {
        if (!busy && !isUnsynced()) {
            done.accept(IoStatus.OK);
            return;
        }
        waiting.add(done);
        if (!busy) {
            start();
        }
    }

    private void start() {
        busy = true;
        syncing = answered;
        current.addAll(waiting);
        waiting.clear();
        prepareFlush();
        disk.submit(this);
    }

    @Override
    public void completed(IoStatus status) {
        if (status.isOk()) {
            synced = syncing;
        }
        busy = false;
        Consumer<IoStatus> done;
        while ((done = current.poll()) != null) {
            done.accept(status);
        }
        if (!busy && !waiting.isEmpty()) {
            start();
        }
    }
}
