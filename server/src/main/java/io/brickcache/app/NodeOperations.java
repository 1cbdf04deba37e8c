package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.NodeAdministration;
import io.brickcache.admin.NodeView;
import io.brickcache.admin.ProgressListener;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's administration. Thread-safe. */
final class NodeOperations implements NodeAdministration {

    private static final Logger LOG = LoggerFactory.getLogger(NodeOperations.class);

    private final NodeContext context;
    private final Lifecycle lifecycle;
    private final Catalog catalog;
    private final Views views;
    private final BrickAttachment attachment;
    private final BrickDetachment detachment;

    NodeOperations(
            NodeContext context,
            Lifecycle lifecycle,
            Catalog catalog,
            Views views,
            BrickAttachment attachment,
            BrickDetachment detachment) {
        this.context = context;
        this.lifecycle = lifecycle;
        this.catalog = catalog;
        this.views = views;
        this.attachment = attachment;
        this.detachment = detachment;
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
    public CacheView deleteCache(String name) {
        return lifecycle.change(() -> {
            CacheEntry entry = catalog.cache(name);
            CacheView last = views.cache(entry);
            new CacheDeletion(context, catalog, entry).delete();
            LOG.info("Cache {}: deleted", name);
            return last;
        });
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
            return views.brick(attachment.attach(spec));
        });
    }

    @Override
    public BrickView detachBrick(String name, DirtyData dirtyData, ProgressListener progress) {
        return lifecycle.change(() -> {
            BrickEntry entry = catalog.brick(name);
            BrickView last = views.brick(entry);
            detachment.detach(entry, dirtyData, new LongWork(progress, lifecycle));
            return last;
        });
    }

    @Override
    public BrickView flushBrick(String name, ProgressListener progress) {
        return lifecycle.change(() -> {
            BrickEntry entry = catalog.brick(name);
            catalog.beginFlush(entry);
            try {
                OpenBrick open = entry.status().open();
                if (open == null) {
                    throw AdminException.brickNotFound(name);
                }
                BrickFlush.run(entry.cache().running(), open.cached(), new LongWork(progress, lifecycle));
            } finally {
                catalog.endFlush(entry);
            }
            return views.brick(entry);
        });
    }
}
