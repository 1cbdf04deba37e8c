package io.brickcache.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.cache.BuggyCaches;
import io.brickcache.cache.CachedBrick;
import io.brickcache.demotion.FlushProgress;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** The engine itself: {@link EngineCache caches} over simulated disks, each of which has some of the bricks. */
final class EngineSystem implements SystemUnderTest {

    private static final int MAX_LOST_TRIES = 3;

    private final Scenario scenario;
    private final SeededEntropy entropy;
    private final List<Medium> disks = new ArrayList<>();
    private final List<EngineCache> caches = new ArrayList<>();
    private final FaultPlan plan;

    EngineSystem(Scenario scenario, SimLoop loop, SeededEntropy entropy) {
        this("NONE", scenario, loop, entropy);
    }

    /** With one of {@link BuggyCaches#bugs}. */
    EngineSystem(String bug, Scenario scenario, SimLoop loop, SeededEntropy entropy) {
        this.scenario = scenario;
        this.entropy = entropy;
        this.plan = new FaultPlan(scenario);
        scenario.brickBytes().forEach(size -> disks.add(new Medium(size, SectorContent.SECTOR_BYTES)));
        for (int i = 0; i < scenario.caches(); i++) {
            caches.add(new EngineCache(bug, scenario, loop, entropy, plan, disks, i));
        }
    }

    @Override
    public void start(Runnable started) {
        AtomicInteger starting = new AtomicInteger(caches.size());
        for (EngineCache cache : caches) {
            cache.start(() -> {
                if (starting.decrementAndGet() == 0) {
                    started.run();
                }
            });
        }
    }

    private CachedBrick cached(int i) {
        return caches.get(i % scenario.caches()).cache().bricks().stream()
                .filter(brick -> brick.id() == i)
                .findFirst()
                .orElseThrow();
    }

    @Override
    public BlockDevice brick(int i) {
        return cached(i);
    }

    @Override
    public void flushBrick(int i, Runnable done) {
        flushBrick(i, 0, done);
    }

    private void flushBrick(int i, int tries, Runnable done) {
        caches.get(i % scenario.caches()).demoter().flush(cached(i), new FlushProgress() {
            @Override
            public boolean progress(long doneBlocks, long totalBlocks) {
                return true;
            }

            @Override
            public void finished(IoStatus status) {
                // What is lost on the SSD cannot be written to the disk, however often that is tried.
                boolean complete = cached(i).lost().unreadableBlocks() == 0 || tries >= MAX_LOST_TRIES;
                if (status == IoStatus.SHUTDOWN || plan.reachesDisk(i) || status.isOk() && complete) {
                    done.run();
                } else {
                    flushBrick(i, tries + 1, done);
                }
            }
        });
    }

    @Override
    public void stop(Runnable done) {
        AtomicInteger stopping = new AtomicInteger(caches.size());
        for (EngineCache cache : caches) {
            cache.stop(() -> {
                if (stopping.decrementAndGet() == 0) {
                    done.run();
                }
            });
        }
    }

    @Override
    public void crash(Crash kind) {
        caches.forEach(cache -> cache.crash(kind));
        if (kind == Crash.POWER_LOSS) {
            disks.forEach(disk -> disk.losePower(entropy));
        }
    }

    @Override
    public void checkStructure() {
        caches.forEach(cache -> cache.cache().checkStructure(false));
    }

    @Override
    public void checkClean() {
        for (int i = 0; i < caches.size(); i++) {
            long dirty = caches.get(i).cache().dirtySlots();
            if (dirty != 0) {
                throw new AssertionError("cache " + i + " has " + dirty + " dirty slots after flushing all");
            }
        }
    }

    @Override
    public void hang() {
        List<SimDevice> able = new ArrayList<>();
        caches.forEach(cache -> able.addAll(cache.fallible()));
        able.get(entropy.nextInt(able.size())).setHanging(true);
    }

    @Override
    public boolean isCommitting() {
        return caches.stream().anyMatch(EngineCache::isCommitting);
    }

    @Override
    public long damagedBytes() {
        return caches.stream().mapToLong(EngineCache::damagedBytes).sum();
    }

    @Override
    public boolean isLost(int i, long offset, long length) {
        return cached(i).lost().from(offset, Integer.MAX_VALUE).stream()
                .anyMatch(range -> range.offset() < offset + length);
    }

    @Override
    public void stopFaults() {
        plan.stop();
        caches.forEach(EngineCache::stopFaults);
    }

    @Override
    public Medium disk(int i) {
        return disks.get(i);
    }
}
