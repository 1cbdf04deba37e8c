package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.GrownView;
import io.brickcache.admin.LostView;
import io.brickcache.admin.MappingView;
import io.brickcache.admin.NodeAdministration;
import io.brickcache.admin.NodeView;
import io.brickcache.admin.ProgressListener;
import io.brickcache.admin.ProtectionView;
import io.brickcache.admin.ScrubView;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's administration. Thread-safe. */
final class NodeOperations implements NodeAdministration {

    private static final Logger LOG = LoggerFactory.getLogger(NodeOperations.class);

    private static final long TURN_SECONDS = 10;

    private final NodeContext context;
    private final Lifecycle lifecycle;
    private final Catalog catalog;
    private final Views views;
    private final BrickAttachment attachment;
    private final BrickDetachment detachment;
    private final BrickDecision decision;
    private final BrickEnlargement enlargement;
    private final Rejoiner rejoiner;
    private final Mappings mappings;
    private final Protections protections;
    private final Runnable stop;

    NodeOperations(
            NodeContext context,
            Lifecycle lifecycle,
            Catalog catalog,
            Views views,
            BrickAttachment attachment,
            BrickDetachment detachment,
            BrickDecision decision,
            BrickEnlargement enlargement,
            Rejoiner rejoiner,
            Mappings mappings,
            Protections protections,
            Runnable stop) {
        this.context = context;
        this.lifecycle = lifecycle;
        this.catalog = catalog;
        this.views = views;
        this.attachment = attachment;
        this.detachment = detachment;
        this.decision = decision;
        this.enlargement = enlargement;
        this.rejoiner = rejoiner;
        this.mappings = mappings;
        this.protections = protections;
        this.stop = stop;
    }

    @Override
    public NodeView node() {
        return views.node();
    }

    @Override
    public List<CacheView> caches() {
        return catalog.caches().stream().map(views::cache).toList();
    }

    @Override
    public CacheView cache(String name) {
        return views.cache(catalog.cache(name));
    }

    @Override
    public CacheView createCache(CacheSpec spec, ProgressListener progress) {
        return lifecycle.change(() -> {
            CacheCreation creation = CacheCreation.plan(context, spec, new LongWork(progress, lifecycle));
            CacheEntry entry = catalog.reserve(creation.known());
            try (Rollback rollback = new Rollback()) {
                rollback.add(() -> catalog.removed(entry));
                creation.create(running -> catalog.created(entry, running));
                rollback.keep();
            }
            LOG.info("Cache {}: created in {}", spec.name(), spec.directory());
            return views.cache(entry);
        });
    }

    @Override
    public CacheView deleteCache(String name, BricksOfCache bricks, GivenUp dirtyData) {
        return lifecycle.change(() -> {
            CacheEntry entry = catalog.cache(name);
            CacheView last = views.cache(entry);
            inTurn(entry, entry.turn(), () -> {
                CacheDeletion deletion = new CacheDeletion(context, catalog, entry);
                if (bricks == BricksOfCache.DETACH_IF_AWAY) {
                    LongWork work = new LongWork(ProgressListener.NONE, lifecycle);
                    deletion.giveUpBricks(
                            dirtyData, brick -> detachment.detach(brick, DirtyData.REFUSE, LostData.REFUSE, work));
                }
                deletion.delete();
            });
            LOG.info("Cache {}: deleted", name);
            return last;
        });
    }

    @Override
    public CacheView rejoinCache(String name) {
        return lifecycle.change(() -> {
            CacheEntry entry = catalog.cache(name);
            rejoiner.rejoin(entry);
            return views.cache(entry);
        });
    }

    @Override
    public BrickView keepDisk(String name, GivenUp dirtyData) {
        return lifecycle.change(() -> {
            BrickEntry entry = catalog.brick(name);
            inTurn(entry.cache(), entry.cache().turn(), () -> decision.keepDisk(entry, dirtyData));
            return views.brick(entry);
        });
    }

    @Override
    public BrickView keepCache(String name) {
        return lifecycle.change(() -> {
            BrickEntry entry = catalog.brick(name);
            inTurn(entry.cache(), entry.cache().turn(), () -> decision.keepCache(entry));
            return views.brick(entry);
        });
    }

    /** Waits for what others do with the cache, but not for ever: a flush may take hours. */
    private static void inTurn(CacheEntry cache, Lock turn, Runnable change) {
        try {
            if (!turn.tryLock(TURN_SECONDS, TimeUnit.SECONDS)) {
                throw Failures.busy("cache " + cache.name() + " or a brick of it is being worked on");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw AdminException.shuttingDown();
        }
        try {
            change.run();
        } finally {
            turn.unlock();
        }
    }

    @Override
    public List<BrickView> bricks() {
        return catalog.bricks().stream().map(views::brick).toList();
    }

    @Override
    public BrickView brick(String name) {
        return views.brick(catalog.brick(name));
    }

    @Override
    public BrickView attachBrick(BrickSpec spec) {
        return lifecycle.change(() -> {
            BrickEntry[] attached = new BrickEntry[1];
            CacheEntry cache = catalog.cache(spec.cache());
            inTurn(cache, cache.brickTurn(), () -> attached[0] = attachment.attach(spec));
            return views.brick(attached[0]);
        });
    }

    @Override
    public BrickView detachBrick(String name, DirtyData dirtyData, LostData lostData, ProgressListener progress) {
        return lifecycle.change(() -> {
            BrickEntry entry = catalog.brick(name);
            mappings.checkNotMapped(name);
            BrickView last = views.brick(entry);
            LongWork work = new LongWork(progress, lifecycle);
            inTurn(entry.cache(), entry.cache().brickTurn(), () -> detachment.detach(entry, dirtyData, lostData, work));
            return last;
        });
    }

    @Override
    public LostView lost(String brick) {
        return views.lost(catalog.brick(brick));
    }

    @Override
    public ScrubView scrubCache(String name, long bytesPerSecond, ProgressListener progress) {
        return lifecycle.change(() -> {
            CacheEntry entry = catalog.cache(name);
            long rate = bytesPerSecond == 0 ? context.config().scrub().bytesPerSecond() : bytesPerSecond;
            return CacheScrub.run(entry.running(), rate, new LongWork(progress, lifecycle));
        });
    }

    @Override
    public BrickView flushBrick(String name, ProgressListener progress) {
        return lifecycle.change(() -> {
            BrickEntry entry = catalog.brick(name);
            LongWork work = new LongWork(progress, lifecycle);
            inTurn(entry.cache(), entry.cache().brickTurn(), () -> flush(entry, work));
            return views.brick(entry);
        });
    }

    @Override
    public GrownView growBrick(String name) {
        return lifecycle.change(() -> {
            BrickEntry entry = catalog.brick(name);
            long[] previousBytes = new long[1];
            inTurn(entry.cache(), entry.cache().brickTurn(), () -> {
                catalog.beginFlush(entry);
                try {
                    previousBytes[0] = enlargement.grow(entry);
                } finally {
                    catalog.endFlush(entry);
                }
            });
            return new GrownView(views.brick(entry), previousBytes[0], mappings.resized(name));
        });
    }

    @Override
    public List<ProtectionView> protections() {
        return protections.look();
    }

    @Override
    public void stop(UsedDevices usedDevices) {
        if (usedDevices == UsedDevices.REFUSE) {
            mappings.checkNoneUsed();
        }
        LOG.info("A stop was asked for by the administration");
        stop.run();
    }

    @Override
    public MappingView mapBrick(String brick) {
        return lifecycle.change(() -> mappings.map(catalog.brick(brick)));
    }

    @Override
    public MappingView unmapBrick(String name) {
        return lifecycle.change(() -> mappings.unmap(name));
    }

    @Override
    public List<MappingView> mappings() {
        return mappings.list();
    }

    private void flush(BrickEntry entry, LongWork work) {
        catalog.beginFlush(entry);
        try {
            OpenBrick open = entry.status().open();
            if (open == null) {
                throw AdminException.brickNotFound(entry.name());
            }
            RunningCache running = entry.cache().running();
            BrickFlush.requireServed(entry.name(), entry.status().state());
            BrickFlush.run(running, open.cached(), work);
            BrickFlush.checkNothingLost(running, open.cached(), "has been flushed as far as it can be");
        } finally {
            catalog.endFlush(entry);
        }
    }
}
