package io.brickcache.block.sim;

import io.brickcache.env.sim.SeededEntropy;
import java.util.HashMap;
import java.util.Map;

/** Which unsynced changes survive one loss of power. Lopsided outcomes are as likely as mixed ones: they find more. */
final class PowerLoss {

    private enum Kind {
        /** Each sector on its own. */
        BY_SECTOR,
        /** Each mutation whole or not at all. */
        BY_MUTATION,
        /** The oldest survive. */
        BY_AGE,
        /** Only the newest survive: an old write was never written out. */
        BY_YOUTH
    }

    private static final Kind[] KINDS = Kind.values();

    private final SeededEntropy entropy;
    private final Kind kind;
    private final double keepShare;
    private final int firstOrLast;
    private final Map<Change.Origin, Boolean> byMutation = new HashMap<>();

    PowerLoss(SeededEntropy entropy, int changes) {
        this.entropy = entropy;
        this.kind = KINDS[entropy.nextInt(KINDS.length)];
        this.keepShare = entropy.pick(0.0, 0.1, 0.5, 0.9, 1.0);
        this.firstOrLast = entropy.nextInt(changes + 1);
    }

    boolean keeps(Change.Origin origin, int index) {
        return switch (kind) {
            case BY_SECTOR -> entropy.chance(keepShare);
            case BY_MUTATION -> byMutation.computeIfAbsent(origin, key -> entropy.chance(keepShare));
            case BY_AGE -> index < firstOrLast;
            case BY_YOUTH -> index >= firstOrLast;
        };
    }
}
