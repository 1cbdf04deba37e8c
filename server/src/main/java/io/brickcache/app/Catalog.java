package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.Reason;
import io.brickcache.app.KnownCache.Phase;
import io.brickcache.block.OpenedDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The caches and bricks of the node. A change reserves its cache or brick here, briefly under one lock, does its work
 * without it, and then says how it went: so changes of one thing exclude each other, and neither holds up others nor those
 * who look. What a restart must know is in the {@link NodeState} before a method returns; if it cannot be written, the
 * change is refused.
 */
final class Catalog {

    private static final Logger LOG = LoggerFactory.getLogger(Catalog.class);

    private final NodeState state;
    private final Map<String, CacheEntry> caches = new ConcurrentHashMap<>();
    private final Map<String, BrickEntry> bricks = new ConcurrentHashMap<>();

    Catalog(NodeState state) {
        this.state = state;
    }

    Collection<CacheEntry> caches() {
        return List.copyOf(caches.values());
    }

    Collection<BrickEntry> bricks() {
        return List.copyOf(bricks.values());
    }

    List<BrickEntry> bricksOf(CacheEntry cache) {
        return bricks.values().stream().filter(brick -> brick.cache() == cache).toList();
    }

    CacheEntry cache(String name) {
        CacheEntry entry = caches.get(name);
        if (entry == null) {
            throw AdminException.cacheNotFound(name);
        }
        return entry;
    }

    BrickEntry brick(String name) {
        BrickEntry entry = bricks.get(name);
        if (entry == null) {
            throw AdminException.brickNotFound(name);
        }
        return entry;
    }

    /** Takes in a cache at the start. */
    synchronized CacheEntry found(KnownCache known, CacheEntry.Status status) {
        CacheEntry entry = new CacheEntry(known.in(Phase.READY), status);
        caches.put(known.name(), entry);
        return entry;
    }

    /**
     * Takes in a brick that a cache has, or that it is known to have; answers with its entry, the one that is there or a new
     * one with {@code status}, or null if a brick of another cache has its name.
     */
    synchronized @Nullable BrickEntry found(KnownBrick known, CacheEntry cache, BrickEntry.Status status) {
        BrickEntry entry = bricks.computeIfAbsent(known.name(), name -> new BrickEntry(known, cache, status));
        return entry.cache() == cache ? entry : null;
    }

    /** A cache will be created. */
    synchronized CacheEntry reserve(KnownCache planned) {
        if (caches.containsKey(planned.name())) {
            throw AdminException.cacheExists(planned.name());
        }
        for (CacheEntry other : caches.values()) {
            if (other.known().directory().equals(planned.directory())) {
                throw AdminException.invalid(
                        "directory",
                        planned.directory() + " is the directory of cache " + other.name(),
                        "choose another directory");
            }
            if (other.known().dataPath().equals(planned.dataPath())) {
                throw new AdminException(
                        Reason.DEVICE_IN_USE,
                        planned.dataPath() + " is the data area of cache " + other.name(),
                        "choose another one",
                        Map.of("path", planned.dataPath().toString()));
            }
        }
        CacheEntry entry = new CacheEntry(planned, CacheEntry.creating());
        caches.put(planned.name(), entry);
        saveOr(() -> caches.remove(planned.name()));
        return entry;
    }

    /** The reserved cache runs. */
    synchronized void created(CacheEntry entry, RunningCache running) {
        CacheEntry.Status before = entry.status();
        entry.become(CacheEntry.serving(running));
        saveOr(() -> entry.become(before));
    }

    /** A cache will be deleted: it has no bricks, and gets none. Answers with what it was. */
    synchronized CacheEntry.Status beginDeletion(CacheEntry entry) {
        CacheEntry.Status before = entry.status();
        if (before.state() != CacheView.State.UNAVAILABLE) {
            entry.running();
        }
        int attached = bricksOf(entry).size();
        if (attached > 0) {
            throw AdminException.cacheHasBricks(entry.name(), attached);
        }
        entry.become(new CacheEntry.Status(CacheView.State.DELETING, "it is being deleted", before.running()));
        saveOr(() -> entry.become(before));
        return before;
    }

    /** A cache that was to be deleted stays, as it was. */
    synchronized void keep(CacheEntry entry, CacheEntry.Status before) {
        entry.become(before);
        saveIfPossible();
    }

    /** The cache is gone. */
    synchronized void removed(CacheEntry entry) {
        caches.remove(entry.name());
        saveIfPossible();
    }

    /** A brick will be attached to a cache that serves. */
    synchronized BrickEntry reserve(KnownBrick planned, CacheEntry cache) {
        cache.running();
        if (bricks.containsKey(planned.name())) {
            throw AdminException.brickExists(planned.name());
        }
        for (BrickEntry other : bricks.values()) {
            if (isSameDevice(other.known(), planned)) {
                throw new AdminException(
                        Reason.DEVICE_IN_USE,
                        planned.device() + " is the device of brick " + other.name(),
                        "choose another one, or look at it with: brickcache brick show " + other.name(),
                        Map.of("path", planned.device().toString(), "brick", other.name()));
            }
        }
        BrickEntry entry = new BrickEntry(planned, cache, BrickEntry.attaching());
        bricks.put(planned.name(), entry);
        return entry;
    }

    /** Serial numbers are shared by virtual disks: then the size tells, or it is the same path. */
    private static boolean isSameDevice(KnownBrick one, KnownBrick other) {
        return one.identity().equals(other.identity())
                || OpenedDevice.isSame(one.identity(), other.identity())
                        && (OpenedDevice.isUnique(one.identity())
                                || one.device().equals(other.device()));
    }

    /** The reserved brick is known to its cache. */
    synchronized void attached(BrickEntry entry, BrickEntry.Status status) {
        entry.become(status);
        saveIfPossible();
    }

    /** A brick will be detached: nothing else is done with it meanwhile. Answers with what it was. */
    synchronized BrickEntry.Status beginDetachment(BrickEntry entry) {
        BrickEntry.Status before = entry.status();
        checkIdle(entry);
        if (entry.flushes() > 0) {
            throw Failures.busy("brick " + entry.name() + " is being flushed or grown");
        }
        entry.become(new BrickEntry.Status(
                BrickView.State.DETACHING, "it is being detached", before.open(), before.direct()));
        return before;
    }

    /** A flush or a growth of a brick begins, which must not be detached meanwhile; {@link #endFlush} follows. */
    synchronized void beginFlush(BrickEntry entry) {
        checkIdle(entry);
        entry.cache().running();
        entry.addFlushes(1);
    }

    synchronized void endFlush(BrickEntry entry) {
        entry.addFlushes(-1);
    }

    /** The brick is gone, or was never attached. */
    synchronized void removed(BrickEntry entry) {
        bricks.remove(entry.name());
        saveIfPossible();
    }

    /** Writes everything that a restart must know. */
    synchronized void save() {
        List<KnownCache> known = new ArrayList<>();
        for (CacheEntry entry : caches.values()) {
            known.add(entry.known()
                    .in(
                            switch (entry.status().state()) {
                                case CREATING -> Phase.CREATING;
                                case DELETING -> Phase.DELETING;
                                case SERVING, PASS_THROUGH, UNAVAILABLE -> Phase.READY;
                            })
                    .with(bricksOf(entry).stream()
                            .filter(brick -> brick.status().state() != BrickView.State.ATTACHING)
                            .map(BrickEntry::known)
                            .toList()));
        }
        try {
            state.save(known);
        } catch (IOException e) {
            throw Failures.of("the state file " + state.file() + " cannot be written", e);
        }
    }

    /** Saves what a restart can do without: the metadata of the caches says which bricks there are. */
    synchronized void saveIfPossible() {
        try {
            save();
        } catch (AdminException e) {
            LOG.error("{}", e.getMessage());
        }
    }

    private void saveOr(Runnable undo) {
        try {
            save();
        } catch (AdminException e) {
            undo.run();
            throw e;
        }
    }

    private static void checkIdle(BrickEntry entry) {
        switch (entry.status().state()) {
            case ATTACHING -> throw Failures.busy("brick " + entry.name() + " is being attached");
            case DETACHING -> throw Failures.busy("brick " + entry.name() + " is being detached");
            default -> {}
        }
    }
}
