package io.brickcache.sim;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.env.sim.SeededEntropy;

/** One client's habits: where and how large its requests are, how many at a time, how long it thinks between them. */
final class Connection {

    private enum Habit {
        ANYWHERE,
        HOT_SPOT,
        SEQUENTIAL
    }

    /** What to do next. */
    record Wish(IoOp op, long offset, long length, int flags) {}

    private static final int SECTOR_BYTES = SectorContent.SECTOR_BYTES;

    private final SeededEntropy entropy;
    private final Scenario scenario;
    private final int brick;
    private final long brickSectors;
    private final Habit habit;
    private final double readShare;
    private final double flushShare;
    private final double discardShare;
    private final boolean alignedOnly;
    private final int depth;
    private final long thinkNs;
    private final long hotSector;
    private long position;

    Connection(SeededEntropy entropy, Scenario scenario) {
        this.entropy = entropy;
        this.scenario = scenario;
        this.brick = entropy.nextInt(scenario.bricks());
        this.brickSectors = scenario.brickBytes().get(brick) / SECTOR_BYTES;
        this.habit = entropy.pick(Habit.ANYWHERE, Habit.HOT_SPOT, Habit.HOT_SPOT, Habit.SEQUENTIAL);
        this.readShare = entropy.pick(0.2, 0.5, 0.8);
        this.flushShare = entropy.pick(0.0, 0.02, 0.1, 0.1, 0.3);
        this.discardShare = entropy.pick(0.0, 0.05, 0.2);
        this.alignedOnly = entropy.chance(0.3);
        this.depth = entropy.between(1, scenario.maxDepth());
        this.thinkNs = entropy.pick(0L, 0L, 100_000L, 10_000_000L, 2_000_000_000L);
        this.hotSector = entropy.nextLong(brickSectors);
        this.position = entropy.nextLong(brickSectors);
    }

    int brick() {
        return brick;
    }

    /** Requests in flight, sometimes one and sometimes a burst. */
    int depthNow() {
        return entropy.chance(0.1) ? 1 : depth;
    }

    long pauseNs() {
        return thinkNs == 0 || entropy.chance(0.5) ? 0 : entropy.nextLong(thinkNs);
    }

    /** What lies on a brick of so many bytes: it may not have grown to its full size yet. */
    Wish next(long brickBytes) {
        IoOp op = drawOp();
        if (op == IoOp.FLUSH) {
            return new Wish(op, 0, 0, 0);
        }
        long sectors = drawSectors(op);
        long first = drawFirst(sectors);
        sectors = Math.min(sectors, brickBytes / SECTOR_BYTES);
        first = Math.min(first, brickBytes / SECTOR_BYTES - sectors);
        return new Wish(op, first * SECTOR_BYTES, sectors * SECTOR_BYTES, drawFlags(op));
    }

    private IoOp drawOp() {
        if (entropy.chance(flushShare)) {
            return IoOp.FLUSH;
        }
        if (entropy.chance(readShare)) {
            return entropy.chance(0.05) ? entropy.pick(IoOp.CACHE, IoOp.EXTENTS) : IoOp.READ;
        }
        return entropy.chance(discardShare) ? entropy.pick(IoOp.TRIM, IoOp.WRITE_ZEROES) : IoOp.WRITE;
    }

    private int drawFlags(IoOp op) {
        int flags = op.isMutation() && entropy.chance(0.1) ? IoRequest.FUA : 0;
        if (op == IoOp.EXTENTS) {
            // Which of the two contexts.
            return entropy.nextInt(2);
        }
        if (op == IoOp.WRITE_ZEROES) {
            flags |= entropy.pick(0, 0, IoRequest.NO_HOLE, IoRequest.FAST_ZERO);
        }
        return flags;
    }

    private long drawSectors(IoOp op) {
        long blockSectors = scenario.blockBytes() / SECTOR_BYTES;
        boolean moves = op == IoOp.READ || op == IoOp.WRITE;
        long mostDiscarded = entropy.nextInt(16) == 0 ? brickSectors : brickSectors / 8;
        long most = Math.min(brickSectors, moves ? scenario.maxRequestBytes() / SECTOR_BYTES : mostDiscarded);
        long wanted = switch (entropy.nextInt(8)) {
            case 0, 1 -> entropy.between(1, 8);
            case 2, 3, 4 -> blockSectors * entropy.between(1, 3);
            case 5, 6 -> 1 + entropy.nextLong(Math.max(1, most / 8));
            default -> 1 + entropy.nextLong(most);
        };
        if (alignedOnly) {
            wanted = (wanted + blockSectors - 1) / blockSectors * blockSectors;
        }
        return Math.min(most, wanted);
    }

    private long drawFirst(long sectors) {
        long room = brickSectors - sectors + 1;
        long first = switch (entropy.chance(0.9) ? habit : Habit.ANYWHERE) {
            case ANYWHERE -> entropy.nextLong(room);
            case HOT_SPOT -> Math.min(room - 1, hotSector + entropy.nextInt(64));
            case SEQUENTIAL -> {
                long from = position < room ? position : 0;
                position = from + sectors;
                yield from;
            }
        };
        long blockSectors = scenario.blockBytes() / SECTOR_BYTES;
        return alignedOnly || entropy.chance(0.5) ? first / blockSectors * blockSectors : first;
    }
}
