package io.brickcache.sim;

import io.brickcache.env.sim.SeededEntropy;

/**
 * What goes wrong in a run, and how far it reaches. Bricks out of reach see no error, and are answered whatever happens
 * to the others.
 *
 * @param rate probability that a request to a device within reach meets with a fault, 0 for a healthy node
 * @param reach which devices
 * @param damage the SSD also stores other bytes than it was given, in other places, or none, and says OK
 * @param hangs some device stops answering, until faults stop or the node goes down
 * @param badSyncs the SSD may lose for good what it fails to sync
 * @param dead probability that a device answers nothing but errors from one start to the next
 */
record Trouble(double rate, Reach reach, boolean damage, boolean hangs, double dead, boolean badSyncs) {

    /** Cache 0 and brick 0 are the ones to suffer where not all do. */
    enum Reach {
        NODE,
        /** The first cache: its SSD, its metadata, the disks of its bricks. */
        CACHE,
        /** The disk of the first brick. */
        DISK
    }

    static final Trouble NONE = new Trouble(0, Reach.NODE, false, false, 0, false);

    static Trouble draw(SeededEntropy draw, double rate, int caches, int bricks) {
        if (rate == 0) {
            return NONE;
        }
        Reach reach = Reach.NODE;
        if (caches > 1 && draw.chance(0.6)) {
            reach = Reach.CACHE;
        } else if (bricks > 1 && draw.chance(0.4)) {
            reach = Reach.DISK;
        }
        boolean damage = reach != Reach.DISK && draw.chance(0.3);
        boolean hangs = draw.chance(0.2);
        double dead = draw.chance(0.3) ? draw.pick(0.02, 0.2) : 0;
        return new Trouble(rate, reach, damage, hangs, dead, draw.chance(0.3));
    }

    boolean isAny() {
        return rate > 0;
    }

    /** What is tried often enough succeeds at last, an orderly stop too. */
    boolean passes() {
        return !hangs && dead == 0;
    }

    /** The SSD and the metadata of a cache may fail. */
    boolean reachesCache(int cache) {
        return isAny() && (reach == Reach.NODE || reach == Reach.CACHE && cache == 0);
    }

    /** The disk of a brick may fail. */
    boolean reachesDisk(int brick, int caches) {
        return reachesCache(brick % caches) || isAny() && reach == Reach.DISK && brick == 0;
    }
}
