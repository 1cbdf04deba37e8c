package io.brickcache.cache;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.MetadataStore.Family;
import java.io.UncheckedIOException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets bricks have more of their disks. The record is durable before the first request to what was added, so that no slot is
 * ever recorded beyond the end of its brick (I3). Nothing is under way when the size changes: an operation that was begun
 * with the old length of the last block and ended with the new one would call a part of it whole.
 */
final class BrickGrowth {

    private static final Logger LOG = LoggerFactory.getLogger(BrickGrowth.class);

    private final CacheCore core;

    BrickGrowth(CacheCore core) {
        this.core = core;
    }

    /** See {@link Cache#grow}. */
    void grow(CachedBrick brick, long sizeBytes, Consumer<IoStatus> done) {
        BrickRecord before = brick.record();
        if (sizeBytes < before.sizeBytes() || sizeBytes % BlockShape.SECTOR_BYTES != 0) {
            throw new IllegalArgumentException(
                    "brick " + brick.name() + " of " + before.sizeBytes() + " bytes cannot grow to " + sizeBytes);
        }
        if (brick.isClosing()) {
            done.accept(IoStatus.SHUTDOWN);
        } else if (core.rescue.awaits(brick)) {
            // It names what it has to give up by whole blocks.
            done.accept(IoStatus.IO_ERROR);
        } else if (core.bug == PlantedBug.GROWS_UNDER_REQUESTS) {
            boolean isThere = brick.disk().geometry().sizeBytes() >= sizeBytes;
            if (isThere) {
                record(before.withSize(sizeBytes));
                brick.grow(before.withSize(sizeBytes));
            }
            done.accept(isThere ? IoStatus.OK : IoStatus.IO_ERROR);
        } else {
            brick.hold(() -> growHeld(brick, before.withSize(sizeBytes), done));
        }
    }

    private void growHeld(CachedBrick brick, BrickRecord larger, Consumer<IoStatus> done) {
        if (core.rescue.awaits(brick)) {
            brick.release();
            done.accept(IoStatus.IO_ERROR);
            return;
        }
        try {
            if (larger.sizeBytes() > brick.disk().geometry().sizeBytes()) {
                brick.disk().grow(larger.sizeBytes());
            }
        } catch (UncheckedIOException e) {
            LOG.error("Brick {}: cannot grow: {}", brick.name(), e.getMessage());
            brick.release();
            done.accept(IoStatus.IO_ERROR);
            return;
        }
        if (core.bug == PlantedBug.GROWS_WITHOUT_RECORD) {
            brick.grow(larger);
            brick.release();
            done.accept(IoStatus.OK);
            return;
        }
        BrickRecord before = brick.record();
        record(larger);
        core.committer.commit(status -> {
            if (status.isOk()) {
                brick.grow(larger);
            } else {
                // What could not be committed is brought again by the next commit: take it back.
                record(before);
            }
            brick.release();
            done.accept(status);
        });
    }

    private void record(BrickRecord record) {
        core.committer.put(batch -> batch.put(Family.BRICKS, record.key(), record.encode()));
    }
}
