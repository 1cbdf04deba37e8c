package io.brickcache.sim;

import io.brickcache.block.sim.Fault;
import io.brickcache.block.sim.Faults;
import io.brickcache.env.sim.SeededEntropy;
import java.util.EnumMap;
import java.util.Map;

/** The faults of each device of a node, as its {@link Trouble} has it. */
final class FaultPlan {

    private final Trouble trouble;
    private final int caches;
    private boolean stopped;

    FaultPlan(Scenario scenario) {
        this.trouble = scenario.trouble();
        this.caches = scenario.caches();
    }

    /** From now on nothing fails. */
    void stop() {
        stopped = true;
    }

    /** Commits and the SSD of that cache may fail at this time. */
    boolean reachesCache(int cache) {
        return !stopped && trouble.reachesCache(cache);
    }

    boolean reachesDisk(int brick) {
        return !stopped && trouble.reachesDisk(brick, caches);
    }

    Faults ofSsd(int cache, SeededEntropy entropy) {
        if (!reachesCache(cache)) {
            return Faults.NONE;
        }
        Map<Fault, Double> rates = new EnumMap<>(Fault.class);
        spread(rates, Fault.IO_ERROR, Fault.PARTIAL_WRITE, Fault.BIT_FLIP, Fault.SLOW);
        if (trouble.damage()) {
            spread(rates, Fault.LOST_WRITE, Fault.MISDIRECTED, Fault.ROT);
        }
        if (trouble.badSyncs()) {
            rates.put(Fault.LOST_SYNC, trouble.rate());
        }
        return draw(entropy, rates);
    }

    /** As of metadata: damage is found, and then the cache is not opened, which other tests look at. */
    Faults ofLog(int cache, SeededEntropy entropy) {
        if (!reachesCache(cache)) {
            return Faults.NONE;
        }
        Map<Fault, Double> rates = new EnumMap<>(Fault.class);
        spread(rates, Fault.IO_ERROR, Fault.PARTIAL_WRITE, Fault.SLOW);
        return draw(entropy, rates);
    }

    /** A disk has no checksums: wrong bytes without an error could not be told from right ones. */
    Faults ofDisk(int brick, SeededEntropy entropy) {
        if (!reachesDisk(brick)) {
            return Faults.NONE;
        }
        Map<Fault, Double> rates = new EnumMap<>(Fault.class);
        spread(rates, Fault.IO_ERROR, Fault.PARTIAL_WRITE, Fault.NOT_SUPPORTED, Fault.SLOW);
        return draw(entropy, rates);
    }

    private void spread(Map<Fault, Double> rates, Fault... faults) {
        for (Fault fault : faults) {
            rates.put(fault, trouble.rate() / 4);
        }
    }

    private Faults draw(SeededEntropy entropy, Map<Fault, Double> rates) {
        if (entropy.chance(trouble.dead())) {
            return request -> Fault.IO_ERROR;
        }
        return Faults.random(entropy.split("faults"), rates);
    }
}
