package io.brickcache.sim;

import io.brickcache.block.sim.Medium;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.FenceVerdict;
import io.brickcache.env.sim.SeededEntropy;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The fence of a cache that is loaded and not started: it must stay open while every clean block equals the disk, which R3
 * promises after every crash, and fall when somebody has written to a disk meanwhile. For that a disk is changed, one bit in
 * each sector, and changed back.
 */
final class FenceTrial {

    /** What the fence compares of a brick, at most. */
    private static final long MAX_BLOCKS = 256;

    private final Cache cache;
    private final IntFunction<Medium> disks;
    private final SeededEntropy entropy;
    private @Nullable Medium changed;

    /** {@code disks} are those of the bricks, by number. */
    FenceTrial(Cache cache, IntFunction<Medium> disks, SeededEntropy entropy) {
        this.cache = cache;
        this.disks = disks;
        this.entropy = entropy;
    }

    void run(Runnable passed) {
        List<CachedBrick> bricks = cache.bricks();
        cache.checkFence(bricks, verdicts -> {
            bricks.forEach(brick -> expect(brick, verdicts, 0));
            if (!bricks.isEmpty() && entropy.chance(0.5)) {
                writeBehind(bricks.get(entropy.nextInt(bricks.size())), passed);
            } else {
                passed.run();
            }
        });
    }

    private void writeBehind(CachedBrick brick, Runnable passed) {
        Medium disk = disks.apply(brick.id());
        turn(disk);
        changed = disk;
        cache.checkFence(List.of(brick), verdicts -> {
            end();
            expect(brick, verdicts, 1);
            passed.run();
        });
    }

    /** What was changed is changed back; also when the node goes down meanwhile. */
    void end() {
        if (changed != null) {
            turn(changed);
            changed = null;
        }
    }

    private static void turn(Medium disk) {
        ByteBuffer all = ByteBuffer.allocate((int) disk.sizeBytes());
        disk.read(0, all.capacity(), all, 0);
        for (int at = 0; at < all.capacity(); at += SectorContent.SECTOR_BYTES) {
            all.put(at, (byte) (all.get(at) ^ 1));
        }
        disk.preset(0, all, 0, all.capacity());
    }

    /** All that could be compared, times {@code share}, is different. */
    private void expect(CachedBrick brick, Map<CachedBrick, FenceVerdict> verdicts, int share) {
        FenceVerdict verdict = verdicts.get(brick);
        long clean = (brick.cachedBytes() - brick.dirtyBytes()) / cache.record().blockBytes();
        if (verdict == null
                || verdict.compared() + verdict.unreadable() != Math.min(MAX_BLOCKS, clean)
                || verdict.different() != share * verdict.compared()) {
            throw new AssertionError("the fence of brick " + brick.name() + ", of which " + clean
                    + " blocks are clean and whose disk " + (share == 0 ? "nobody changed" : "was changed") + ", finds "
                    + verdict);
        }
    }
}
