package io.brickcache.cache;

import io.brickcache.block.IoStatus;
import io.brickcache.env.Loop;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a {@link DirtyWitness} informed. Invariant I9: while the durable metadata may have a dirty slot of a brick, the
 * witness has recorded that the brick is dirty. So a commit that may bring the first dirty slots of a brick waits until the
 * witness has it, and fails if it cannot; that a brick is clean is recorded a second after the commit that made it so; and
 * the number in between about once a second, when it has changed much. In steady state a commit asks nobody.
 */
final class DirtyMarks {

    private static final long PAUSE_NS = 1_000_000_000L;
    /** A number that has changed by less than this part of it is not told. */
    private static final int TELL_SHARE = 8;

    private enum Told {
        UNKNOWN,
        CLEAN,
        DIRTY
    }

    /** What is known of one brick. */
    static final class Mark {
        private Told told = Told.UNKNOWN;
        private long toldBytes;
        private long toldNs;
        /** The durable metadata may have dirty slots. */
        private boolean mayBeDurable = true;
        /** The epoch that was closed last has dirty slots. */
        private boolean closingDirty = true;

        private Loop.@Nullable Cancellable cleanTimer;
        /** The witness could not record that the brick is dirty. */
        private boolean refused;
    }

    private final Loop loop;
    private final DirtyWitness witness;
    private final PlantedBug bug;
    private final List<CachedBrick> bricks;
    private int pending;
    private IoStatus result = IoStatus.OK;
    private @Nullable Consumer<IoStatus> onTold;
    private boolean stopped;

    DirtyMarks(Loop loop, DirtyWitness witness, PlantedBug bug, List<CachedBrick> bricks) {
        this.loop = loop;
        this.witness = witness;
        this.bug = bug;
        this.bricks = bricks;
    }

    /** True if a new dirty block of the brick could not become durable, so that it is better not made. */
    static boolean isRefused(CachedBrick brick) {
        return brick.mark().refused;
    }

    /** An epoch has been closed; {@code done} hears when the witness knows of all that is dirty, or cannot. */
    void closing(Consumer<IoStatus> done) {
        pending = 1;
        result = IoStatus.OK;
        onTold = done;
        // Each commit comes here; an iterator would be garbage.
        for (int i = 0; i < bricks.size(); i++) {
            CachedBrick brick = bricks.get(i);
            Mark mark = brick.mark();
            mark.closingDirty = brick.durablyDirtyBytes() > 0;
            mark.mayBeDurable |= mark.closingDirty;
            if (mark.closingDirty && mark.told != Told.DIRTY) {
                pending++;
                tellDirty(brick, this::told);
            }
        }
        if (bug == PlantedBug.TELLS_WITNESS_LATE) {
            onTold = status -> {};
            told(IoStatus.OK);
            done.accept(IoStatus.OK);
        } else {
            told(IoStatus.OK);
        }
    }

    private void told(IoStatus status) {
        result = result.and(status);
        Consumer<IoStatus> done = onTold;
        if (--pending == 0 && done != null) {
            onTold = null;
            done.accept(result);
        }
    }

    private void tellDirty(CachedBrick brick, Consumer<IoStatus> done) {
        Mark mark = brick.mark();
        mark.toldBytes = brick.durablyDirtyBytes();
        mark.toldNs = loop.clock().nanoTime();
        witness.record(brick.record(), mark.toldBytes, status -> {
            mark.refused = !status.isOk();
            if (status.isOk()) {
                mark.told = Told.DIRTY;
            }
            done.accept(status);
        });
    }

    /** The epoch closed last is durable. */
    void committed() {
        for (int i = 0; i < bricks.size(); i++) {
            CachedBrick brick = bricks.get(i);
            Mark mark = brick.mark();
            if (!mark.closingDirty) {
                mark.mayBeDurable = false;
                mark.refused = false;
                if (mark.told != Told.CLEAN && mark.cleanTimer == null && !stopped) {
                    mark.cleanTimer = loop.schedule(PAUSE_NS, () -> tellClean(brick));
                }
            } else if (mark.told == Told.DIRTY && isOld(mark, brick.durablyDirtyBytes())) {
                tellDirty(brick, status -> {});
            }
        }
    }

    private boolean isOld(Mark mark, long bytes) {
        return bytes > 0
                && loop.clock().nanoTime() - mark.toldNs >= PAUSE_NS
                && Math.abs(bytes - mark.toldBytes) > mark.toldBytes / TELL_SHARE;
    }

    private void tellClean(CachedBrick brick) {
        Mark mark = brick.mark();
        mark.cleanTimer = null;
        if (stopped || mark.mayBeDurable || !bricks.contains(brick)) {
            return;
        }
        mark.told = Told.CLEAN;
        witness.record(brick.record(), 0, status -> {
            if (!status.isOk() && mark.told == Told.CLEAN) {
                mark.told = Told.UNKNOWN;
            }
        });
    }

    /** Tells the witness nothing more on its own account: whoever opens the cache next does. */
    void stop() {
        stopped = true;
        for (CachedBrick brick : bricks) {
            Loop.Cancellable timer = brick.mark().cleanTimer;
            if (timer != null) {
                timer.cancel();
                brick.mark().cleanTimer = null;
            }
        }
    }
}
