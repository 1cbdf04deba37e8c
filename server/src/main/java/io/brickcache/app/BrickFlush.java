package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.Progress;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.CachedBrick;
import io.brickcache.demotion.FlushProgress;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/** One flush of a brick on demand: everything that is dirty now goes to the disk. */
final class BrickFlush implements FlushProgress {

    private final String brick;
    private final int blockBytes;
    private final LongWork work;
    private final CompletableFuture<IoStatus> ended = new CompletableFuture<>();
    private volatile long doneBlocks;
    private volatile long totalBlocks;
    private volatile boolean cancelled;
    private volatile boolean cutShort;

    private BrickFlush(String brick, int blockBytes, LongWork work) {
        this.brick = brick;
        this.blockBytes = blockBytes;
        this.work = work;
    }

    /** Fails if the brick has something that neither device has. */
    static void checkNothingLost(RunningCache running, CachedBrick brick, String what) {
        BrickView.Lost lost = running.host()
                .call(() ->
                        new BrickView.Lost(brick.lost().blocks(), brick.lost().bytes()));
        if (lost.blocks() > 0) {
            throw AdminException.brickLost(brick.name(), what, lost.blocks(), lost.bytes());
        }
    }

    /** Fails if nothing can be written to the disk of the brick. */
    static void requireServed(String brick, BrickView.State state) {
        if (state != BrickView.State.SERVING) {
            throw AdminException.brickUnavailable(brick, words(state));
        }
    }

    static String words(BrickView.State state) {
        return state.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Flushes and waits for the end. Fails if it was cancelled, or if not everything could be written; not because of what
     * is lost.
     */
    static void run(RunningCache running, CachedBrick brick, LongWork work) {
        BrickFlush flush = new BrickFlush(brick.name(), running.cache().record().blockBytes(), work);
        running.host().call(() -> {
            running.demoter().flush(brick, flush);
            return true;
        });
        flush.await();
    }

    private void await() {
        IoStatus status = work.follow(ended, this::soFar, () -> cancelled = true);
        if (cutShort || status == IoStatus.SHUTDOWN) {
            throw work.unwanted("the flush of brick " + brick);
        }
        if (!status.isOk()) {
            throw Failures.io("brick " + brick + " could not be flushed, its disk or its cache fails; what was not"
                    + " written stays dirty on the SSD");
        }
    }

    private Progress soFar() {
        long done = doneBlocks * blockBytes;
        return new Progress(done, Math.max(done, totalBlocks * blockBytes), Progress.Unit.BYTES);
    }

    @Override
    public boolean progress(long done, long total) {
        totalBlocks = total;
        doneBlocks = done;
        cutShort = cancelled;
        return !cancelled;
    }

    @Override
    public void finished(IoStatus status) {
        ended.complete(status);
    }
}
