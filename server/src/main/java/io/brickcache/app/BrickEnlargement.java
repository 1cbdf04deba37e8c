package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.Reason;
import io.brickcache.block.IoStatus;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets bricks have what was added to their disks. The new size goes to the state directory first, then to the metadata of
 * the cache, then to the clients: a crash in between leaves a brick that is completed at the next start, and no client that
 * has seen a size which is taken back. Called by whoever has the brick's turn.
 */
final class BrickEnlargement {

    private static final Logger LOG = LoggerFactory.getLogger(BrickEnlargement.class);

    private static final int SECTOR_BYTES = 512;

    private final Catalog catalog;
    private final Fronts fronts;

    BrickEnlargement(Catalog catalog, Fronts fronts) {
        this.catalog = catalog;
        this.fronts = fronts;
    }

    /** Grows the brick to the size of its disk; answers with the size it had, in bytes. */
    synchronized long grow(BrickEntry brick) {
        OpenBrick open = brick.status().open();
        BrickFlush.requireServed(brick.name(), brick.status().state());
        RunningCache running = brick.cache().running();
        if (open == null) {
            throw AdminException.brickNotFound(brick.name());
        }
        long recordedBytes = running.host().call(() -> open.cached().record().sizeBytes());
        KnownBrick before = brick.known().withSize(recordedBytes);
        long presentBytes = presentBytes(brick, open, running.host());
        check(before, presentBytes);
        if (presentBytes > before.sizeBytes()) {
            brick.identify(before.withSize(presentBytes));
            try {
                catalog.save();
                grow(brick, open, running, presentBytes);
            } catch (AdminException e) {
                brick.identify(before);
                catalog.saveIfPossible();
                throw e;
            }
            fronts.resized(brick, running.host());
            LOG.info("Brick {}: has grown from {} to {} bytes", brick.name(), before.sizeBytes(), presentBytes);
        }
        return before.sizeBytes();
    }

    private static long presentBytes(BrickEntry brick, OpenBrick open, LoopHost host) {
        try {
            return host.ask(() -> open.disk().presentBytes());
        } catch (UncheckedIOException e) {
            throw Failures.of("brick " + brick.name() + " cannot grow", Objects.requireNonNull(e.getCause()));
        }
    }

    private static void check(KnownBrick brick, long presentBytes) {
        String has = brick.device() + " has " + presentBytes + " bytes";
        if (presentBytes < brick.sizeBytes()) {
            throw unsuitable(
                    brick,
                    has + ", brick " + brick.name() + " has " + brick.sizeBytes()
                            + ": a brick cannot be made smaller, what lay beyond the disk's end would be lost",
                    "make the disk at least that large again before anything else is done");
        }
        if (presentBytes % SECTOR_BYTES != 0) {
            long next = (presentBytes / SECTOR_BYTES + 1) * SECTOR_BYTES;
            throw unsuitable(brick, has + ", not a multiple of 512", "make it " + next + " bytes (truncate -s)");
        }
        if (presentBytes > CacheOpening.MAX_BRICK_BYTES) {
            throw unsuitable(
                    brick,
                    has + ", a brick can have " + CacheOpening.MAX_BRICK_BYTES + " at most",
                    "make the disk smaller again; the brick has not changed");
        }
    }

    private static AdminException unsuitable(KnownBrick brick, String what, String remedy) {
        return new AdminException(
                Reason.DEVICE_UNSUITABLE,
                what,
                remedy,
                Map.of("brick", brick.name(), "path", brick.device().toString()));
    }

    /** Completes a growth of which only the state directory knows. Its disk is there and has as much. */
    static void complete(BrickEntry brick, OpenBrick open, RunningCache running) {
        long recordedBytes = running.host().call(() -> open.cached().record().sizeBytes());
        long sizeBytes = brick.known().sizeBytes();
        if (sizeBytes > recordedBytes) {
            LOG.info("Brick {}: grows from {} to {} bytes, as was begun", brick.name(), recordedBytes, sizeBytes);
            grow(brick, open, running, sizeBytes);
        }
    }

    private static void grow(BrickEntry brick, OpenBrick open, RunningCache running, long sizeBytes) {
        IoStatus status = running.host().await(done -> running.cache().grow(open.cached(), sizeBytes, done));
        if (!status.isOk()) {
            throw Failures.io("brick " + brick.name() + " has not grown: its new size could not be written to the"
                    + " metadata of cache " + running.name() + ", or the cache is in trouble (brickcache status)");
        }
    }
}
