package io.brickcache.simulate;

import org.jspecify.annotations.Nullable;

/**
 * What a simulation found.
 *
 * @param closedLoop requests came one after another, whatever the times in the trace
 * @param uniqueBlocks different blocks that the trace touches
 * @param slots of the cache
 * @param cached the run with the cache; null if only the disk was wanted
 * @param none the run without
 */
public record SimulationReport(
        String trace,
        SimulationOptions options,
        boolean closedLoop,
        long uniqueBlocks,
        long slots,
        @Nullable RunResult cached,
        RunResult none) {}
