package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.NodeAdministration.DirtyData;
import io.brickcache.admin.NodeAdministration.LostData;
import io.brickcache.admin.Reason;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.CachedBrick;
import io.brickcache.nbd.NbdServer;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Detaches bricks: nobody is connected, nothing is dirty, then the cache forgets it. Thread-safe. */
final class BrickDetachment {

    private static final Logger LOG = LoggerFactory.getLogger(BrickDetachment.class);

    /** How long clients that are just leaving are waited for. */
    private static final int LEAVING_TRIES = 20;

    private static final long LEAVING_PAUSE_MS = 50;

    private final NodeContext context;
    private final Catalog catalog;
    private final Fronts fronts;
    private final NbdServer nbd;

    BrickDetachment(NodeContext context, Catalog catalog, Fronts fronts, NbdServer nbd) {
        this.context = context;
        this.catalog = catalog;
        this.fronts = fronts;
        this.nbd = nbd;
    }

    /** Detaches a brick. After a refusal, a failure or a cancellation it is attached and served as before. */
    void detach(BrickEntry entry, DirtyData dirtyData, LostData lostData, LongWork work) {
        BrickEntry.Status before = catalog.beginDetachment(entry);
        try (Rollback rollback = new Rollback()) {
            rollback.add(() -> entry.become(before));
            if (dirtyData == DirtyData.GIVE_UP) {
                BrickDecision.requireUndecided(entry.name(), before);
            }
            LoopHost host = entry.cache().host();
            OpenBrick open = before.open();
            if (host != null && entry.front() != null) {
                awaitClientsGone(entry);
                fronts.withdraw(entry);
                rollback.add(() -> fronts.restore(entry, host));
                checkNoClients(entry);
            }
            if (open != null) {
                RunningCache running = entry.cache().running();
                settle(running, open.cached(), before.state(), dirtyData, work);
                if (lostData == LostData.REFUSE) {
                    BrickFlush.checkNothingLost(running, open.cached(), "stays attached");
                }
                forget(running, open, dirtyData, lostData);
                forgetRecord(entry);
            } else {
                leave(entry, before, dirtyData);
                if (host != null) {
                    WithoutCache.release(before.direct(), host);
                }
            }
            rollback.keep();
        }
        catalog.removed(entry);
        LOG.info("Brick {}: detached from {}", entry.name(), entry.cache().name());
    }

    /** The cache cannot be told now: it is remembered for the time when it is back. */
    private void leave(BrickEntry entry, BrickEntry.Status before, DirtyData dirtyData) {
        LedgerRecord record = context.ledger().read(entry.known().uuid());
        if (!record.isDiskWhole() && dirtyData != DirtyData.GIVE_UP) {
            throw new AdminException(
                    Reason.BRICK_DIRTY,
                    "brick " + entry.name() + " is not available: " + before.reason(),
                    "or, without serving it: brickcache brick detach " + entry.name() + " --give-up-dirty",
                    Map.of("brick", entry.name(), "dirty_bytes", Long.toString(record.dirtyBytes())));
        }
        Instant now = Instant.ofEpochMilli(context.clock().epochMillis());
        try {
            context.ledger().update(entry.known().uuid(), known -> known.madeDetached(now));
        } catch (IOException e) {
            throw Failures.of("the record of brick " + entry.name() + " cannot be written", e);
        }
        if (!record.isDiskWhole()) {
            warnGivenUp(entry.name(), record.dirtyBytes());
        }
    }

    private static void warnGivenUp(String brick, long dirtyBytes) {
        LOG.warn(
                "Brick {}: {} bytes that only its cache had are given up, by order",
                brick,
                dirtyBytes < 0 ? "an unknown number of" : Long.toString(dirtyBytes));
    }

    private void forgetRecord(BrickEntry entry) {
        try {
            context.ledger().remove(entry.known().uuid());
        } catch (IOException e) {
            LOG.warn("Brick {}: its record stays in the state directory: {}", entry.name(), Failures.message(e));
        }
    }

    private void awaitClientsGone(BrickEntry entry) {
        for (int i = 0; i < LEAVING_TRIES && connections(entry) > 0; i++) {
            try {
                Thread.sleep(LEAVING_PAUSE_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw AdminException.shuttingDown();
            }
        }
        checkNoClients(entry);
    }

    private void checkNoClients(BrickEntry entry) {
        int connections = connections(entry);
        if (connections > 0) {
            throw AdminException.brickInUse(entry.name(), connections);
        }
    }

    private int connections(BrickEntry entry) {
        return nbd.connections().countByExport().getOrDefault(entry.name(), 0);
    }

    private static void settle(
            RunningCache running, CachedBrick brick, BrickView.State state, DirtyData dirtyData, LongWork work) {
        long dirtyBytes = running.host().call(brick::dirtyBytes);
        boolean onlyLost = running.host()
                .call(() -> brick.regions().dirtyBlocks() == brick.lost().unreadableBlocks());
        if (dirtyBytes == 0 || dirtyData == DirtyData.REFUSE && onlyLost) {
            return;
        }
        boolean served = state == BrickView.State.SERVING;
        switch (dirtyData) {
            case REFUSE ->
                throw served
                        ? AdminException.brickDirty(brick.name(), dirtyBytes)
                        : AdminException.brickDirty(brick.name(), dirtyBytes, BrickFlush.words(state));
            case FLUSH -> {
                BrickFlush.requireServed(brick.name(), state);
                BrickFlush.run(running, brick, work);
            }
            case GIVE_UP -> warnGivenUp(brick.name(), dirtyBytes);
        }
    }

    private static void forget(RunningCache running, OpenBrick open, DirtyData dirtyData, LostData lostData) {
        CachedBrick brick = open.cached();
        Consumer<Consumer<IoStatus>> detachment = dirtyData == DirtyData.GIVE_UP
                ? done -> running.cache().giveUp(brick, done)
                : switch (lostData) {
                    case REFUSE -> done -> running.cache().detach(brick, done);
                    case GIVE_UP -> done -> running.cache().detachGivingUpLost(brick, done);
                };
        BrickView.Lost lost = running.host()
                .call(() ->
                        new BrickView.Lost(brick.lost().blocks(), brick.lost().bytes()));
        IoStatus status = running.host().await(detachment);
        if (status.isOk() && lost.blocks() > 0) {
            LOG.warn(
                    "Brick {}: {} lost blocks ({} bytes) given up, its disk has older content there",
                    brick.name(),
                    lost.blocks(),
                    lost.bytes());
        }
        switch (status) {
            case OK -> {}
            case INVALID ->
                throw AdminException.brickDirty(brick.name(), running.host().call(brick::dirtyBytes));
            default ->
                throw Failures.io(
                        "brick " + brick.name() + " could not be taken out of the metadata of " + running.name());
        }
        running.host().call(() -> {
            running.demoter().forget(brick);
            open.disk().close();
            return true;
        });
    }
}
