package io.brickcache.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.sim.Medium;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;

/**
 * A node in a simulation: its media live as long as this object, its process from {@link #start} to {@link #stop} or
 * {@link #crash}, again and again. All calls come from the simulation's thread, between steps of the loop.
 */
interface SystemUnderTest {

    /** Makes the media, all zeroes; starts nothing. */
    @FunctionalInterface
    interface Factory {
        SystemUnderTest create(Scenario scenario, SimLoop loop, SeededEntropy entropy);
    }

    /** How a node goes down. */
    enum Crash {
        /** The process is gone; the disks keep their volatile caches. */
        KILL,
        /** The disks lose what was not synced. */
        POWER_LOSS
    }

    /** Opens everything on the media; {@code started} is called, on the loop or at once, when bricks serve requests. */
    void start(Runnable started);

    /** The device that clients of brick {@code i} use. Valid until the next stop or crash. */
    BlockDevice brick(int i);

    /** Writes all dirty data of brick {@code i} to its disk and syncs it; {@code done} is called when it is there. */
    void flushBrick(int i, Runnable done);

    /** Stops in order, no request in flight: what was answered is durable when {@code done} is called. */
    void stop(Runnable done);

    /**
     * Drops everything on the floor, at any moment, also while starting or stopping; after a stop it only does to the
     * media what the crash does. The caller discards the loop's tasks afterwards.
     */
    void crash(Crash kind);

    /** Checks all invariants that hold between any two steps of a started node. Throws AssertionError. */
    void checkStructure();

    /** Throws AssertionError if a brick has dirty data: all of it was written to the disks, and nothing since. */
    void checkClean();

    /** Some device within reach of the scenario's trouble stops answering, until faults stop or the node goes down. */
    void hang();

    /** A commit of metadata is under way: a good time for a crash. */
    boolean isCommitting();

    /** True if a byte of the range of brick {@code i} is listed as lost: its SSD was damaged. Also after a stop. */
    default boolean isLost(int i, long offset, long length) {
        return false;
    }

    /** From now on nothing fails, and what hung goes on. */
    void stopFaults();

    /** Bytes of the SSDs that may hold something else than was written there and answered OK: an upper bound. */
    long damagedBytes();

    /** The disk behind brick {@code i}. */
    Medium disk(int i);
}
