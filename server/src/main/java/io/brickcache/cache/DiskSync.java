package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Knows whether a disk has answered writes since it was last synced, and syncs it; one sync at a time. */
final class DiskSync extends IoRequest {

    private final BlockDevice disk;
    private final Deque<Consumer<IoStatus>> waiting = new ArrayDeque<>();
    private final Deque<Consumer<IoStatus>> current = new ArrayDeque<>();
    private @Nullable Listener listener;
    private boolean busy;
    /** Begins ahead of {@link #synced}: a process killed before may have left writes in the disk's cache. */
    private long answered = 1;

    /** {@link #answered} at the last change that a client asked for. */
    private long answeredToClients = 1;

    private long synced;
    private long syncing;

    /** Hears of every sync, before those who asked for it. */
    interface Listener {
        /** What has been answered until now will be durable. */
        void syncStarts();

        void syncEnds(boolean synced);
    }

    DiskSync(BlockDevice disk) {
        this.disk = disk;
    }

    void listener(Listener newListener) {
        listener = newListener;
    }

    /** A change that a client asked for was answered by the disk, well or not. */
    void changed() {
        answered++;
        answeredToClients = answered;
    }

    /** A write of a demotion was answered, well or not; its blocks are dirty until it is synced. */
    void demoted() {
        answered++;
    }

    /** True if the disk may lose what was answered to clients. */
    boolean isUnsynced() {
        return answeredToClients > synced;
    }

    boolean isIdle() {
        return !busy && waiting.isEmpty();
    }

    /** True if a sync is asked for that begins when the one under way is done. */
    boolean isQueued() {
        return !waiting.isEmpty();
    }

    /** Makes durable what has been answered until now. */
    void sync(Consumer<IoStatus> done) {
        waiting.add(done);
        if (!busy) {
            next();
        }
    }

    private void next() {
        busy = true;
        current.addAll(waiting);
        waiting.clear();
        syncing = answered;
        if (listener != null) {
            listener.syncStarts();
        }
        if (answered == synced) {
            completed(IoStatus.OK);
            return;
        }
        prepareFlush();
        disk.submit(this);
    }

    @Override
    public void completed(IoStatus status) {
        if (status.isOk()) {
            synced = syncing;
        }
        if (listener != null) {
            listener.syncEnds(status.isOk());
        }
        finish(status);
    }

    private void finish(IoStatus status) {
        Consumer<IoStatus> done;
        while ((done = current.poll()) != null) {
            done.accept(status);
        }
        busy = false;
        if (!waiting.isEmpty()) {
            next();
        }
    }
}
