package io.brickcache.cache;

import io.brickcache.cache.index.SlotTable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The fence: by R3 a clean block equals the disk, so a difference means that somebody wrote to the disk without the cache.
 * Looks through the slots once for all the bricks asked about, some at a time so that the loop is not kept, then compares
 * the samples, all bricks at once.
 */
final class FenceCheck {

    /** Slots looked at in one round of the loop. */
    private static final int STRIDE = 1 << 16;

    private final CacheCore core;
    private final Consumer<Map<CachedBrick, FenceVerdict>> done;
    private final @Nullable FenceSample[] samples = new FenceSample[SlotTable.MAX_BRICKS];
    private final List<FenceSample> all = new ArrayList<>();
    private final Map<CachedBrick, FenceVerdict> verdicts = new HashMap<>();
    private int pending;

    FenceCheck(
            CacheCore core, Collection<CachedBrick> bricks, long seed, Consumer<Map<CachedBrick, FenceVerdict>> done) {
        this.core = core;
        this.done = done;
        for (CachedBrick brick : bricks) {
            FenceSample sample = new FenceSample(core, brick, seed);
            samples[brick.id()] = sample;
            all.add(sample);
        }
    }

    /** @param latest slots that changed last before the cache was loaded, the newest first */
    void start(int[] latest) {
        for (int slot : latest) {
            all.forEach(sample -> sample.considerLate(slot));
        }
        look(0);
    }

    private void look(int from) {
        int end = (int) Math.min(core.slots.slots(), (long) from + STRIDE);
        for (int slot = from; slot < end; slot++) {
            if (core.slots.state(slot) == SlotTable.CLEAN && !core.slots.isVolatile(slot)) {
                FenceSample sample = samples[core.slots.brick(slot)];
                if (sample != null) {
                    sample.consider(slot);
                }
            }
        }
        if (end < core.slots.slots()) {
            core.loop.execute(() -> look(end));
        } else {
            compare();
        }
    }

    private void compare() {
        pending = 1 + all.size();
        for (FenceSample sample : all) {
            new FenceComparison(core, sample, verdict -> {
                        verdicts.put(sample.brick(), verdict);
                        compared();
                    })
                    .start();
        }
        compared();
    }

    private void compared() {
        if (--pending == 0) {
            done.accept(verdicts);
        }
    }
}
