package io.brickcache.cache;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.ScrubRecord;
import io.brickcache.env.Loop;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scrubs one cache: on demand, and by itself when the last scrub is long enough ago. One at a time; one on demand takes the
 * place of a periodic one. When the last one ended is kept in the metadata, and how far a periodic one is, so that a restart
 * neither forgets it nor begins it anew. Loop-confined.
 *
 * <p>The only place where the wall clock decides something: nothing but the time of a scrub depends on it.
 */
public final class Scrubber {

    private static final Logger log = LoggerFactory.getLogger(Scrubber.class);

    private static final long LOOK_NS = 3_600_000_000_000L;
    private static final long SAVE_NS = 60_000_000_000L;
    private static final long MS_NS = 1_000_000L;

    private final CacheCore core;
    private @Nullable ScrubRecord record;
    private @Nullable ScrubOp current;
    private boolean currentIsPeriodic;
    private @Nullable Runnable onEnded;
    private @Nullable ScrubOptions periodic;
    private Loop.@Nullable Cancellable timer;
    private boolean stopped;

    Scrubber(CacheCore core) {
        this.core = core;
    }

    /** At start: what the metadata says. */
    void load(ScrubRecord loaded) {
        record = loaded;
    }

    /** Scrubs by itself from now on. */
    public void every(ScrubOptions options) {
        if (options.intervalNs() == 0 || stopped) {
            return;
        }
        periodic = options;
        if (record == null) {
            save(new ScrubRecord(nowMs(), 0));
        }
        look();
    }

    /** End of the last whole scrub, milliseconds since the Unix epoch, or -1. */
    public long lastMs() {
        ScrubRecord known = record;
        return known == null ? -1 : known.lastMs();
    }

    /** True while a scrub on demand is under way. */
    public boolean isBusy() {
        return current != null && !currentIsPeriodic;
    }

    /**
     * Scrubs all of the cache; not while {@link #isBusy}.
     *
     * @param bytesPerSecond at most
     */
    public void scrub(long bytesPerSecond, ScrubListener listener) {
        if (isBusy()) {
            throw new IllegalStateException("a scrub is under way already");
        }
        if (stopped) {
            listener.finished(new ScrubReport(0, 0, 0, 0), IoStatus.SHUTDOWN);
        } else if (current != null) {
            currentIsPeriodic = false;
            onEnded = () -> begin(0, bytesPerSecond, listener);
            current.cancel();
        } else {
            begin(0, bytesPerSecond, listener);
        }
    }

    private void begin(int first, long bytesPerSecond, ScrubListener listener) {
        ScrubOp op = new ScrubOp(core, first, bytesPerSecond, new ScrubListener() {
            @Override
            public boolean progress(ScrubReport soFar) {
                return listener.progress(soFar);
            }

            @Override
            public void finished(ScrubReport report, IoStatus status) {
                current = null;
                currentIsPeriodic = false;
                if (status.isOk()) {
                    save(new ScrubRecord(nowMs(), 0));
                }
                listener.finished(report, status);
                Runnable next = onEnded;
                onEnded = null;
                if (next != null) {
                    next.run();
                }
            }
        });
        current = op;
        op.start();
    }

    private void look() {
        ScrubOptions options = periodic;
        if (options == null || stopped || timer != null) {
            return;
        }
        long waitNs = LOOK_NS;
        if (current == null) {
            long passedMs = nowMs() - lastMs();
            if (passedMs < 0) {
                // The clock was put back: as if the last scrub had ended now.
                save(new ScrubRecord(nowMs(), 0));
                passedMs = 0;
            }
            long leftNs = options.intervalNs() - Math.min(options.intervalNs() / MS_NS, passedMs) * MS_NS;
            if (leftNs < MS_NS) {
                beginPeriodic(options);
            } else {
                waitNs = Math.min(LOOK_NS, leftNs);
            }
        }
        timer = core.loop.schedule(waitNs, () -> {
            timer = null;
            look();
        });
    }

    private void beginPeriodic(ScrubOptions options) {
        ScrubRecord known = record;
        int first = known == null || known.nextSlot() >= core.slots.slots() ? 0 : known.nextSlot();
        log.info("Scrub begins{}", first == 0 ? "" : " where it was cut short");
        begin(first, options.bytesPerSecond(), new ScrubListener() {
            private long savedNs = core.loop.clock().nanoTime();

            @Override
            public boolean progress(ScrubReport soFar) {
                long now = core.loop.clock().nanoTime();
                if (now - savedNs >= SAVE_NS) {
                    savedNs = now;
                    savePlace();
                }
                return true;
            }

            @Override
            public void finished(ScrubReport report, IoStatus status) {
                said(report, status);
            }
        });
        currentIsPeriodic = true;
    }

    private static void said(ScrubReport report, IoStatus status) {
        String end = status.isOk() ? "ended" : status == IoStatus.SHUTDOWN ? "put off" : "given up, the SSD fails";
        String line = "Scrub {}: {} blocks checked, {} healed from the disk, {} lost";
        if (report.lost() > 0 || status == IoStatus.IO_ERROR) {
            log.error(line, end, report.checked(), report.healed(), report.lost());
        } else {
            log.info(line, end, report.checked(), report.healed(), report.lost());
        }
    }

    private void savePlace() {
        ScrubOp op = current;
        if (op != null) {
            save(new ScrubRecord(lastMs(), op.next()));
        }
    }

    private void save(ScrubRecord next) {
        record = next;
        core.committer.put(batch -> batch.put(Family.CACHE, ScrubRecord.key(), next.encode()));
    }

    /** Ends what is under way; {@code done} runs when nothing is, and nothing begins any more. */
    void stop(Runnable done) {
        stopped = true;
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        if (current == null) {
            done.run();
            return;
        }
        if (currentIsPeriodic) {
            savePlace();
        }
        onEnded = done;
        current.cancel();
    }

    private long nowMs() {
        return core.loop.clock().epochMillis();
    }
}
