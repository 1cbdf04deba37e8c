package io.brickcache.cache;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.env.Loop;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides whether the cache takes new content ({@link CacheHealth}), from what becomes of slot transfers, syncs and commits,
 * and looks for the end of the trouble.
 *
 * <p>The SSD fails from a failed sync on, or from {@link #FAILURES_IN_A_ROW} failed reads, or writes, without a good one
 * between them; one bad slot is no failing SSD. Then it is probed, and trusted again after {@link #GOOD_PROBES} good probes in a row,
 * when nothing is in doubt any more ({@link Rescue}). If probes cannot even read it, it is gone: all clean blocks are forgotten
 * ({@link CleanSweep}), so that reads go to the disks at once and no write waits for a commit before it goes around.
 */
final class HealthWatch implements MetadataStore.Watcher {

    static final int FAILURES_IN_A_ROW = 8;
    static final int GOOD_PROBES = 8;
    static final long PROBE_NS = 250_000_000L;
    /** So long without a new failure until the metadata is trusted again. */
    static final long METADATA_QUIET_NS = 2_000_000_000L;

    private static final Logger LOG = LoggerFactory.getLogger(HealthWatch.class);

    private static final int UNREADABLE_PROBES = 2;

    private final CacheCore core;
    private final SsdProbe probe;
    private @Nullable MetadataException metadata;
    private boolean ssdFails;
    private String ssdCause = "";
    private int failedReads;
    private int failedWrites;
    private int goodProbes;
    private int unreadableProbes;
    /** The clean blocks are forgotten, or are being. */
    private boolean gone;

    private boolean sweeping;
    private CacheHealth shown = CacheHealth.SERVING;
    private @Nullable Consumer<CacheHealth> listener;
    private Loop.@Nullable Cancellable probeTimer;
    private Loop.@Nullable Cancellable quietTimer;
    private boolean probing;
    private boolean stopped;
    private @Nullable Runnable onStopped;

    HealthWatch(CacheCore core) {
        this.core = core;
        this.probe = new SsdProbe(core, this::probed);
    }

    void start() {
        core.store.watch(this);
    }

    /** No more probes and no more retries; {@code done} runs when the probe under way has ended. */
    void stop(Runnable done) {
        stopped = true;
        if (probeTimer != null) {
            probeTimer.cancel();
            probeTimer = null;
        }
        if (quietTimer != null) {
            quietTimer.cancel();
            quietTimer = null;
        }
        if (probing) {
            onStopped = done;
        } else {
            done.run();
        }
    }

    boolean isStopped() {
        return stopped;
    }

    void onChange(Consumer<CacheHealth> newListener) {
        listener = newListener;
    }

    CacheHealth state() {
        return ssdFails
                ? CacheHealth.SSD_FAILING
                : metadata != null ? CacheHealth.METADATA_FAILING : CacheHealth.SERVING;
    }

    /** Empty while the cache serves. */
    String reason() {
        MetadataException trouble = metadata;
        if (ssdFails) {
            return "the SSD " + core.ssd.name() + " fails: " + ssdCause + ". Writes go to the disks. "
                    + (gone
                            ? "Nothing but the dirty blocks is looked for on it; these"
                            : "Dirty blocks that it does not give")
                    + " answer errors until they are written again or the SSD is back, which is noticed by itself. Check"
                    + " it (dmesg, smartctl)";
        }
        if (trouble != null) {
            return "the metadata cannot be written, nothing is lost: " + trouble.getMessage()
                    + ". Writes go to the disks and dirty blocks, too, until it can";
        }
        return "";
    }

    // ---- metadata

    @Override
    public void sparing(MetadataException cause) {
        metadata = cause;
        if (quietTimer != null) {
            quietTimer.cancel();
            quietTimer = null;
        }
        show();
    }

    @Override
    public void recovered() {
        if (quietTimer == null && !stopped) {
            quietTimer = core.loop.schedule(METADATA_QUIET_NS, () -> {
                quietTimer = null;
                metadata = null;
                show();
            });
        }
    }

    // ---- SSD

    /** A transfer of slots has ended. */
    void slotsDone(IoOp op, IoStatus status) {
        if (op == IoOp.READ) {
            failedReads = status.isOk() ? 0 : failedReads + 1;
        } else {
            failedWrites = status.isOk() ? 0 : failedWrites + 1;
        }
        if (failedReads >= FAILURES_IN_A_ROW) {
            ssdFails("it cannot be read");
        } else if (failedWrites >= FAILURES_IN_A_ROW) {
            ssdFails("it cannot be written");
        }
    }

    void syncFailed() {
        ssdFails("it could not be synced");
    }

    private void ssdFails(String cause) {
        goodProbes = 0;
        if (ssdFails || stopped) {
            return;
        }
        ssdFails = true;
        ssdCause = cause;
        unreadableProbes = 0;
        show();
        probe();
    }

    private void probe() {
        probing = true;
        probe.start();
    }

    private void probed(SsdProbe.Finding finding) {
        probing = false;
        if (stopped) {
            Runnable done = onStopped;
            onStopped = null;
            if (done != null) {
                done.run();
            }
            return;
        }
        switch (finding) {
            case GOOD -> {
                goodProbes++;
                unreadableProbes = 0;
            }
            case UNWRITABLE -> goodProbes = 0;
            case UNREADABLE, FOREIGN -> {
                goodProbes = 0;
                unreadableProbes++;
            }
        }
        if (finding != SsdProbe.Finding.GOOD) {
            ssdCause = probe.detail();
        }
        if (unreadableProbes >= UNREADABLE_PROBES && !gone) {
            gone = true;
            sweeping = true;
            LOG.error("{}: gone; all clean blocks are forgotten and read from the disks", core.ssd.name());
            new CleanSweep(core, () -> sweeping = false).start();
        }
        if (goodProbes >= GOOD_PROBES && !sweeping && core.rescue.isIdle()) {
            ssdFails = false;
            gone = false;
            failedReads = 0;
            failedWrites = 0;
            show();
        } else {
            probeTimer = core.loop.schedule(PROBE_NS, () -> {
                probeTimer = null;
                probe();
            });
        }
    }

    private void show() {
        CacheHealth now = state();
        if (now == shown) {
            return;
        }
        shown = now;
        if (now == CacheHealth.SERVING) {
            LOG.info("{}: the cache serves again", core.ssd.name());
            core.freePool.refill();
        } else {
            LOG.error("{}: the cache takes nothing new: {}", core.ssd.name(), reason());
        }
        if (listener != null) {
            listener.accept(now);
        }
    }
}
