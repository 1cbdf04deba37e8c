package io.brickcache.cache;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.SlotTable;

/**
 * Forgets all clean blocks of a cache whose SSD is gone, some at a time so that the loop is not kept; the records are
 * written anew in one batch that says nothing of them.
 */
final class CleanSweep {

    private static final int STRIDE = 1 << 16;
    private static final long RETRY_NS = 1_000_000_000L;

    private final CacheCore core;
    private final Runnable done;

    /** {@code done} runs when nothing clean is left, durably. */
    CleanSweep(CacheCore core, Runnable done) {
        this.core = core;
        this.done = done;
    }

    void start() {
        sweep(0);
    }

    private void sweep(int from) {
        if (core.health.isStopped()) {
            return;
        }
        SlotTable slots = core.slots;
        int end = (int) Math.min(slots.slots(), (long) from + STRIDE);
        for (int slot = from; slot < end; slot++) {
            if (slots.state(slot) == SlotTable.CLEAN) {
                if (slots.isVolatile(slot)) {
                    core.retire(slot);
                } else {
                    core.retireInBulk(slot);
                }
            }
        }
        if (end < slots.slots()) {
            core.loop.execute(() -> sweep(end));
        } else {
            core.committer.commit(this::committed);
        }
    }

    private void committed(IoStatus status) {
        if (status.isOk()) {
            done.run();
        } else {
            // Demotions may have made more of them.
            core.loop.schedule(RETRY_NS, () -> sweep(0));
        }
    }
}
