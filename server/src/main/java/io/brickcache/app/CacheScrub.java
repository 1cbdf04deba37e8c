package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.Progress;
import io.brickcache.admin.ScrubView;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.ScrubListener;
import io.brickcache.cache.ScrubReport;
import java.util.concurrent.CompletableFuture;

/** One scrub of a cache on demand. */
final class CacheScrub implements ScrubListener {

    private final String cache;
    private final int blockBytes;
    private final CompletableFuture<IoStatus> ended = new CompletableFuture<>();
    private volatile ScrubReport report = new ScrubReport(0, 0, 0, 0);
    private volatile boolean cancelled;

    private CacheScrub(String cache, int blockBytes) {
        this.cache = cache;
        this.blockBytes = blockBytes;
    }

    /** Scrubs and waits for the end. Fails if it was cancelled, if another is under way, or if the SSD does not answer. */
    static ScrubView run(RunningCache running, long bytesPerSecond, LongWork work) {
        CacheScrub scrub =
                new CacheScrub(running.name(), running.cache().record().blockBytes());
        boolean begun = running.host().call(() -> {
            if (running.cache().scrubber().isBusy()) {
                return false;
            }
            running.cache().scrubber().scrub(bytesPerSecond, scrub);
            return true;
        });
        if (!begun) {
            throw Failures.busy("cache " + running.name() + " is being scrubbed already");
        }
        return scrub.await(work);
    }

    private ScrubView await(LongWork work) {
        IoStatus status = work.follow(ended, this::soFar, () -> cancelled = true);
        return switch (status) {
            case OK -> new ScrubView(report.checked(), report.healed(), report.lost());
            case SHUTDOWN -> throw unwanted(work);
            default ->
                throw Failures.io("the scrub of cache " + cache + " was given up after " + report.checked()
                        + " blocks: its SSD does not answer reads");
        };
    }

    private AdminException unwanted(LongWork work) {
        return work.unwanted("the scrub of cache " + cache);
    }

    private Progress soFar() {
        ScrubReport now = report;
        return new Progress(now.checked() * blockBytes, now.total() * blockBytes, Progress.Unit.BYTES);
    }

    @Override
    public boolean progress(ScrubReport soFar) {
        report = soFar;
        return !cancelled;
    }

    @Override
    public void finished(ScrubReport last, IoStatus status) {
        report = last;
        ended.complete(status);
    }
}
