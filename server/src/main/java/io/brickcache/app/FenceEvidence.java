package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.FenceVerdict;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What shows that somebody wrote to a disk without the cache: a fingerprint of the last stop that does not fit, or clean
 * blocks that differ. What cannot be read is no evidence.
 */
final class FenceEvidence {

    private static final Logger LOG = LoggerFactory.getLogger(FenceEvidence.class);

    private final BrickLedger ledger;
    private final LoopHost host;
    private final Cache cache;

    FenceEvidence(BrickLedger ledger, LoopHost host, Cache cache) {
        this.ledger = ledger;
        this.host = host;
        this.cache = cache;
    }

    /**
     * Compares the bricks with their disks, all at once; blocks.
     *
     * @param disks what each brick is to be compared with
     * @return the evidence against some of them, for people
     */
    Map<CachedBrick, String> against(Map<CachedBrick, BlockDevice> disks) {
        Map<CachedBrick, String> found = new HashMap<>();
        disks.forEach((brick, disk) -> {
            Integer before = ledger.read(brick.record().uuid()).fingerprint();
            Integer now = before == null
                    ? null
                    : DiskFingerprint.of(host, disk, brick.record().sizeBytes());
            if (now != null && !now.equals(before)) {
                found.put(brick, "its first or last MiB is not what it was at the last stop");
            }
        });
        compare(List.copyOf(disks.keySet())).forEach((brick, verdict) -> {
            if (verdict.isChanged()) {
                found.put(brick, differences(verdict));
            } else {
                LOG.info(
                        "Brick {}: {} clean blocks compared with its disk, all equal; {} could not be read",
                        brick.name(),
                        verdict.compared(),
                        verdict.unreadable());
            }
        });
        return found;
    }

    private Map<CachedBrick, FenceVerdict> compare(List<CachedBrick> bricks) {
        CompletableFuture<Map<CachedBrick, FenceVerdict>> verdicts = new CompletableFuture<>();
        CompletableFuture<Boolean> started = host.submit(() -> {
            cache.checkFence(bricks, verdicts::complete);
            return true;
        });
        LoopHost.finish(started);
        return LoopHost.finish(verdicts);
    }

    private static String differences(FenceVerdict verdict) {
        return verdict.different() + " of " + verdict.compared()
                + " blocks that should be equal to the disk are not, the first at byte " + verdict.firstDifference();
    }
}
