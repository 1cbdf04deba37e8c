package io.brickcache.simulate;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.cache.BrickCounters;
import io.brickcache.cache.index.DirtyRegions;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import io.brickcache.simulate.RunResult.Demotion;
import io.brickcache.simulate.RunResult.DiskUse;
import io.brickcache.simulate.RunResult.Hits;
import io.brickcache.simulate.RunResult.Share;
import io.brickcache.simulate.RunResult.SsdUse;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs a trace through the engine, and once more with the disk alone. The same trace and options always come to the same
 * result.
 */
public final class Simulation {

    /** Fewer slots are no cache: some must be free, some wait for a commit. */
    public static final int MIN_SLOTS = 64;

    public static final int MAX_SLOTS = 1 << 28;

    private static final long SEED = 1;

    private final Trace trace;
    private final SimulationOptions options;
    private final boolean closedLoop;
    private final BufferPool memory = new BufferPool(Replay.MEMORY_BYTES);
    private final Progress progress;

    /** Hears how far a simulation is. */
    @FunctionalInterface
    public interface Progress {
        /**
         * More requests have been answered.
         *
         * @param done requests of all runs that have been answered
         * @param total of all runs
         */
        void progress(long done, long total);
    }

    private Simulation(Trace trace, SimulationOptions options, Progress progress) {
        this.trace = trace;
        this.options = options;
        this.closedLoop = options.arrival() == SimulationOptions.Arrival.CLOSED_LOOP || !trace.isTimed();
        this.progress = progress;
    }

    /**
     * Runs it.
     *
     * @throws TraceException if the trace and the size of the cache do not fit together
     */
    public static SimulationReport run(Trace trace, SimulationOptions options, Progress progress)
            throws TraceException {
        long slots = options.mode() == Mode.NONE ? 0 : options.cache().slots(trace, options.blockBytes());
        if (options.mode() != Mode.NONE && (slots < MIN_SLOTS || slots > MAX_SLOTS)) {
            throw new TraceException("a cache of " + slots + " blocks cannot be simulated for " + trace.name()
                    + ", which touches " + trace.uniqueBlocks(options.blockBytes()) + "; choose a size of " + MIN_SLOTS
                    + " to " + MAX_SLOTS + " blocks");
        }
        return new Simulation(trace, options, progress).report((int) slots);
    }

    private SimulationReport report(int slots) {
        return new SimulationReport(
                trace.name(),
                options,
                closedLoop,
                trace.uniqueBlocks(options.blockBytes()),
                slots,
                slots == 0 ? null : withCache(slots),
                withoutCache(slots == 0 ? 0 : trace.count()));
    }

    private Replay replay(SimLoop loop, BlockDevice brick, long doneBefore) {
        long total = (options.mode() == Mode.NONE ? 1L : 2L) * trace.count();
        return new Replay(
                trace,
                loop,
                brick,
                options.blockBytes(),
                closedLoop,
                memory,
                done -> progress.progress(doneBefore + done, total));
    }

    /** Whole regions: the disk goes on behind the last request. */
    private long brickBytes() {
        long regions = (trace.endBytes() + DirtyRegions.REGION_BYTES - 1) / DirtyRegions.REGION_BYTES;
        return regions * DirtyRegions.REGION_BYTES;
    }

    private RunResult withCache(int slots) {
        SeededEntropy entropy = new SeededEntropy(SEED);
        SimLoop loop = new SimLoop(entropy, Long.MAX_VALUE / 2);
        SimulatedNode node =
                new SimulatedNode(loop, entropy, options.disk(), options.blockBytes(), slots, brickBytes());
        node.start();
        Replay replay = replay(loop, node.brick, 0);
        replay.run();
        long dirtyAtEnd = node.brick.regions().dirtyBlocks();
        node.flush();
        return result(replay, node.disk, node, dirtyAtEnd);
    }

    private RunResult withoutCache(long doneBefore) {
        SimLoop loop = new SimLoop(new SeededEntropy(SEED), Long.MAX_VALUE / 2);
        SimulatedDisk disk = new SimulatedDisk(loop, options.disk(), brickBytes());
        Replay replay = replay(loop, disk, doneBefore);
        replay.run();
        return result(replay, disk, null, 0);
    }

    private static RunResult result(Replay replay, SimulatedDisk disk, @Nullable SimulatedNode node, long dirtyAtEnd) {
        BrickCounters counters = node == null ? new BrickCounters() : node.brick.counters();
        RunResult.Times reads = replay.reads.result();
        RunResult.Times writes = replay.writes.result();
        return new RunResult(
                reads.requests() + writes.requests(),
                RunResult.ms(replay.reads.serviceNs() + replay.writes.serviceNs()),
                DiskUse.of(disk.foreground),
                DiskUse.of(disk.background),
                reads,
                writes,
                hits(replay, counters, reads.requests(), writes.requests()),
                new Demotion(
                        counters.demotedBlocks,
                        counters.demotionWrites,
                        dirtyAtEnd,
                        counters.promotedBlocks,
                        counters.evictedBlocks),
                node == null ? new SsdUse(0, 0, 0, 0, 0) : ssdUse(node),
                node == null ? Map.of() : around(counters),
                node == null ? 0 : replay.writesAround);
    }

    private static Hits hits(Replay replay, BrickCounters counters, long reads, long writes) {
        long readBlocks = counters.readHitBlocks + counters.readMissBlocks;
        return new Hits(
                new Share(counters.readHitBlocks + replay.writtenBlocksCached, readBlocks + replay.writtenBlocks),
                new Share(counters.readHitBlocks, readBlocks),
                new Share(replay.readsWithoutDisk + replay.writesCached, reads + writes),
                new Share(replay.readsWithoutDisk, reads));
    }

    private static SsdUse ssdUse(SimulatedNode node) {
        return new SsdUse(
                node.ssd.foreground.writtenBytes + node.ssd.background.writtenBytes,
                node.ssd.foreground.readBytes + node.ssd.background.readBytes,
                node.store.committedBytes(),
                node.cache.stats().commits(),
                RunResult.ms(node.ssd.background.busyNs));
    }

    private static Map<String, Long> around(BrickCounters counters) {
        Map<String, Long> bytes = new LinkedHashMap<>();
        bytes.put("full", counters.aroundFullBytes);
        bytes.put("sequential", counters.aroundStreamBytes);
        bytes.put("no_gain", counters.aroundNoGainBytes);
        bytes.put("unsynced", counters.aroundUnsyncedBytes);
        bytes.put("unaligned", counters.aroundUnalignedBytes);
        bytes.put("ssd_error", counters.aroundSsdErrorBytes);
        return bytes;
    }
}
