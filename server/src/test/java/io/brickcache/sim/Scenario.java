package io.brickcache.sim;

import io.brickcache.env.sim.SeededEntropy;
import java.util.ArrayList;
import java.util.List;

/**
 * Everything that is drawn before a run; follows from the seed alone.
 *
 * @param blockBytes unit of caching, 4 to 64 KiB
 * @param slots blocks that fit each cache
 * @param caches brick i belongs to cache i % caches
 * @param brickBytes size of each brick, multiples of 512
 * @param dirtyLowPercent where demotion begins
 * @param dirtyHighPercent where demotion goes before reads
 * @param maxLatencyNs of the SSD
 * @param maxDiskLatencyNs of the bricks' disks
 * @param trouble what goes wrong
 * @param crashes how often the node goes down hard
 * @param requests from one start to the next stop or crash, all connections together
 * @param connections that submit at the same time
 * @param maxDepth requests in flight per connection
 * @param maxRequestBytes largest READ and WRITE
 * @param front how clients reach the bricks
 */
record Scenario(
        long seed,
        int blockBytes,
        int slots,
        int caches,
        List<Long> brickBytes,
        int dirtyLowPercent,
        int dirtyHighPercent,
        long maxLatencyNs,
        long maxDiskLatencyNs,
        Trouble trouble,
        int crashes,
        int requests,
        int connections,
        int maxDepth,
        int maxRequestBytes,
        Front front) {

    /**
     * How clients reach the bricks.
     *
     * @param connections NBD connections to each brick, 0 to call the engine without a front
     * @param breakRate probability that a request is followed by the break of one of them
     */
    record Front(int connections, double breakRate) {

        static final Front NONE = new Front(0, 0);

        static Front draw(SeededEntropy draw) {
            return draw.chance(0.6) ? NONE : new Front(draw.between(1, 3), draw.pick(0.0, 0.0, 0.01, 0.1));
        }
    }

    private static final int SECTOR_BYTES = SectorContent.SECTOR_BYTES;

    static Scenario of(long seed) {
        return draw(seed, false);
    }

    /**
     * Few blocks, fewer slots and always trouble, so that races meet that seldom do: the same slot comes back to the same block,
     * a disk is still at work when the next thing fails.
     */
    static Scenario cramped(long seed) {
        return draw(seed, true);
    }

    private static Scenario draw(long seed, boolean cramped) {
        SeededEntropy draw = new SeededEntropy(seed).split("scenario");
        int blockBytes = 4096 << (draw.chance(0.5) ? 0 : draw.nextInt(5));
        int slots = cramped ? draw.pick(32, 40, 48, 64) : draw.pick(32, 48, 100, 256, 700, 2000);
        int caches = draw.chance(0.8) ? 1 : 2;
        int low = draw.between(0, 50);
        boolean large = draw.chance(0.1) && !cramped;
        int maxRequestBytes = large ? 4 << 20 : draw.pick(8, 32, 64, 128) << 10;
        List<Long> bricks = drawBricks(draw, caches, cramped, large);
        return new Scenario(
                seed,
                blockBytes,
                slots,
                caches,
                bricks,
                low,
                draw.between(low + 1, 95),
                draw.pick(1_000L, 100_000L, 1_000_000L),
                draw.pick(100_000L, 10_000_000L),
                Trouble.draw(draw.split("trouble"), drawRate(draw, cramped), caches, bricks.size()),
                draw.nextInt(5),
                draw.between(cramped ? 100 : 20, cramped ? 400 : large ? 60 : 200),
                draw.between(1, 4),
                draw.pick(1, 4, 16, 32),
                maxRequestBytes,
                Front.draw(draw.split("front")));
    }

    private static double drawRate(SeededEntropy draw, boolean cramped) {
        if (cramped) {
            return draw.pick(0.01, 0.02, 0.03);
        }
        return draw.chance(0.5) ? 0 : draw.pick(0.002, 0.01, 0.05);
    }

    private static List<Long> drawBricks(SeededEntropy draw, int caches, boolean cramped, boolean large) {
        List<Long> sizes = new ArrayList<>();
        int bricks = draw.between(caches, caches + 2);
        for (int i = 0; i < bricks; i++) {
            int maxSectors = cramped ? draw.pick(100, 200, 400, 1000) : draw.pick(200, 1000, large ? 12_000 : 4000);
            sizes.add((long) draw.between(maxSectors / 2, maxSectors) * SECTOR_BYTES);
        }
        return List.copyOf(sizes);
    }

    /** The same with another front. */
    Scenario with(Front other) {
        return new Scenario(
                seed,
                blockBytes,
                slots,
                caches,
                brickBytes,
                dirtyLowPercent,
                dirtyHighPercent,
                maxLatencyNs,
                maxDiskLatencyNs,
                trouble,
                crashes,
                requests,
                connections,
                maxDepth,
                maxRequestBytes,
                other);
    }

    int bricks() {
        return brickBytes.size();
    }

    /** Requests to the brick may be answered with an I/O error, or late. */
    boolean reaches(int brick) {
        return trouble.reachesDisk(brick, caches);
    }
}
