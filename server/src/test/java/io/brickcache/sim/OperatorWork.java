package io.brickcache.sim;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.ScrubListener;
import io.brickcache.cache.ScrubReport;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.util.function.BooleanSupplier;

/**
 * What an operator asks of a cache while it serves, at any moment: to scrub, and to let bricks grow.
 *
 * @param isRunning whether it is the cache of the process that runs now
 */
record OperatorWork(Scenario scenario, SimLoop loop, Cache cache, BooleanSupplier isRunning) {

    void scrubSometime(SeededEntropy entropy) {
        if (!entropy.chance(0.3)) {
            return;
        }
        loop.schedule(entropy.between(1, 50) * 1_000_000L, () -> {
            if (isRunning.getAsBoolean() && !cache.scrubber().isBusy()) {
                cache.scrubber().scrub(1L << 30, new ScrubListener() {
                    @Override
                    public boolean progress(ScrubReport soFar) {
                        return true;
                    }

                    @Override
                    public void finished(ScrubReport report, IoStatus status) {}
                });
            }
        });
    }

    /** Bricks that have less than their disks get more, in one step or in several. */
    void growSometime(SeededEntropy entropy) {
        for (CachedBrick brick : cache.bricks()) {
            growSometime(brick, entropy.split(brick.name()));
        }
    }

    private void growSometime(CachedBrick brick, SeededEntropy entropy) {
        long left = scenario.brickBytes().get(brick.id()) - brick.record().sizeBytes();
        if (left == 0 || entropy.chance(0.3)) {
            return;
        }
        loop.schedule(entropy.between(1, 50) * 200_000L, () -> {
            if (!isRunning.getAsBoolean()) {
                return;
            }
            int most = (int) (left / SectorContent.SECTOR_BYTES);
            long more = entropy.chance(0.5) ? entropy.between(1, Math.min(most, 16)) : entropy.between(1, most);
            long bytes = brick.record().sizeBytes() + more * SectorContent.SECTOR_BYTES;
            cache.grow(brick, bytes, status -> {
                if (status != IoStatus.SHUTDOWN) {
                    growSometime(brick, entropy);
                }
            });
        });
    }
}
