package io.brickcache.admin;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A node without devices that keeps the port's promises: names are unique, dirty bricks are not detached, busy caches
 * not deleted, long work reports progress and can be cancelled. Its numbers follow from what was asked of it.
 */
public final class FakeNode implements NodeAdministration {
    public static final long BRICK_BYTES = 8L << 30;
    private static final int STEPS = 4;

    private final Map<String, CacheView> caches = new ConcurrentSkipListMap<>();
    private final Map<String, BrickView> bricks = new ConcurrentSkipListMap<>();
    private final Map<String, List<LostView.Range>> lost = new ConcurrentSkipListMap<>();
    private final Map<String, MappingView> mapped = new ConcurrentSkipListMap<>();
    private final Map<String, Long> diskBytes = new ConcurrentSkipListMap<>();
    private volatile String sizeRefusal = "";
    private volatile ProtectionView protection = new ProtectionView("locked-memory", true, "all", "");
    private volatile boolean stopped;
    private volatile ScrubView scrubResult = new ScrubView(0, 0, 0);
    private volatile long scrubRate;
    private final AtomicReference<@Nullable RuntimeException> nextFailure = new AtomicReference<>();
    private final CountDownLatch halfway = new CountDownLatch(1);
    private final CountDownLatch cancelled = new CountDownLatch(1);
    private volatile CountDownLatch release = new CountDownLatch(0);

    /** The next call, whatever it is, throws this. */
    public void failNext(RuntimeException failure) {
        nextFailure.set(failure);
    }

    /** From now on long work stops halfway until {@link #releaseLongWork()} or until it is cancelled. */
    public void holdLongWork() {
        release = new CountDownLatch(1);
    }

    public void releaseLongWork() {
        release.countDown();
    }

    /** Waits until held work is halfway. */
    public void awaitHalfway() throws InterruptedException {
        await(halfway, "no long work got halfway");
    }

    /** Waits until some long work noticed that it was cancelled. */
    public void awaitCancelled() throws InterruptedException {
        await(cancelled, "the cancellation did not reach the port");
    }

    private static void await(CountDownLatch latch, String complaint) throws InterruptedException {
        if (!latch.await(30, TimeUnit.SECONDS)) {
            throw new AssertionError(complaint);
        }
    }

    /** Clients write this many bytes to a brick, and the disk does not get them. */
    public void write(String brick, long bytes, Duration age) {
        BrickView view = brick(brick);
        put(view, view.state(), view.stateReason(), view.dirtyBytes() + bytes, age, view.connections());
    }

    public void connect(String brick, int connections) {
        BrickView view = brick(brick);
        put(view, view.state(), view.stateReason(), view.dirtyBytes(), view.oldestDirtyAge(), connections);
    }

    public void change(String brick, BrickView.State state, String reason) {
        BrickView view = brick(brick);
        put(view, state, reason, view.dirtyBytes(), view.oldestDirtyAge(), view.connections());
    }

    private void put(
            BrickView old, BrickView.State state, String reason, long dirty, @Nullable Duration age, int connections) {
        bricks.put(
                old.name(),
                new BrickView(
                        old.name(),
                        old.uuid(),
                        old.cache(),
                        old.devicePath(),
                        old.sizeBytes(),
                        diskBytes.getOrDefault(old.name(), old.sizeBytes()),
                        state,
                        reason,
                        old.mode(),
                        dirty,
                        (512L << 20) + dirty,
                        age,
                        connections,
                        old.exportUris(),
                        old.counters(),
                        lostOf(old.name())));
    }

    /** From now on the brick has lost these ranges. */
    public void lose(String brick, LostView.Range... ranges) {
        lost.put(brick, List.of(ranges));
        BrickView old = brick(brick);
        put(old, old.state(), old.stateReason(), old.dirtyBytes(), old.oldestDirtyAge(), old.connections());
    }

    private BrickView.Lost lostOf(String brick) {
        List<LostView.Range> ranges = lost.getOrDefault(brick, List.of());
        long bytes = ranges.stream().mapToLong(LostView.Range::length).sum();
        return new BrickView.Lost(ranges.size(), bytes);
    }

    /** What the next scrubs find. */
    public void scrubsFind(ScrubView result) {
        scrubResult = result;
    }

    /** The rate of the last scrub, bytes a second. */
    public long scrubRate() {
        return scrubRate;
    }

    @Override
    public LostView lost(String brick) {
        return new LostView(lost.getOrDefault(brick(brick).name(), List.of()), false);
    }

    @Override
    public ScrubView scrubCache(String name, long bytesPerSecond, ProgressListener progress) {
        CacheView cache = cache(name);
        scrubRate = bytesPerSecond;
        work("scrubbing cache " + name, cache.sizeBytes(), progress);
        return scrubResult;
    }

    private void mayFail() {
        RuntimeException failure = nextFailure.getAndSet(null);
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public NodeView node() {
        mayFail();
        return new NodeView(
                "1.2.3",
                Instant.parse("2026-01-02T03:04:05Z"),
                Duration.ofSeconds(93_784),
                NodeView.IoEngine.IO_URING,
                NodeView.State.SERVING,
                "");
    }

    @Override
    public List<CacheView> caches() {
        mayFail();
        // Against the order of names: the port promises none.
        return caches.keySet().stream()
                .sorted((a, b) -> b.compareTo(a))
                .map(this::cache)
                .toList();
    }

    @Override
    public CacheView cache(String name) {
        mayFail();
        CacheView cache = caches.get(name);
        if (cache == null) {
            throw AdminException.cacheNotFound(name);
        }
        List<BrickView> served =
                bricks.values().stream().filter(b -> b.cache().equals(name)).toList();
        long total = cache.slots().total();
        long dirty = served.stream().mapToLong(BrickView::dirtyBytes).sum() / cache.blockBytes();
        long clean = Math.min(total - dirty, served.size() * (512L << 20) / cache.blockBytes());
        return new CacheView(
                name,
                cache.uuid(),
                cache.directory(),
                cache.dataPath(),
                cache.sizeBytes(),
                cache.blockBytes(),
                cache.memoryBytes(),
                new CacheView.Slots(total, clean, dirty, total - clean - dirty),
                CacheView.State.SERVING,
                "",
                served.stream().map(BrickView::name).toList(),
                new CacheView.Counters(17, 0, 0, 0, 0),
                Instant.parse("2026-01-01T00:00:00Z"));
    }

    @Override
    public CacheView createCache(CacheSpec spec, ProgressListener progress) {
        mayFail();
        if (caches.containsKey(spec.name())) {
            throw AdminException.cacheExists(spec.name());
        }
        work("creating cache " + spec.name(), spec.sizeBytes(), progress);
        Path data = spec.dataPath();
        caches.put(
                spec.name(),
                new CacheView(
                        spec.name(),
                        uuid(spec.name()),
                        spec.directory(),
                        data == null ? spec.directory().resolve("data") : data,
                        spec.sizeBytes(),
                        spec.blockBytes(),
                        150L << 20,
                        new CacheView.Slots(spec.sizeBytes() / spec.blockBytes(), 0, 0, 0),
                        CacheView.State.SERVING,
                        "",
                        List.of(),
                        CacheView.Counters.NONE,
                        null));
        return cache(spec.name());
    }

    @Override
    public CacheView deleteCache(String name, BricksOfCache bricksOfCache, GivenUp dirtyData) {
        CacheView cache = cache(name);
        if (!cache.bricks().isEmpty() && bricksOfCache == BricksOfCache.DETACH_IF_AWAY) {
            long dirty = bricks.values().stream()
                    .filter(b -> b.cache().equals(name))
                    .mapToLong(BrickView::dirtyBytes)
                    .sum();
            if (dirty > 0 && dirtyData == GivenUp.NOTHING) {
                throw AdminException.brickDirty(name, dirty);
            }
            bricks.values().removeIf(b -> b.cache().equals(name));
        } else if (!cache.bricks().isEmpty()) {
            throw AdminException.cacheHasBricks(name, cache.bricks().size());
        }
        caches.remove(name);
        return cache;
    }

    @Override
    public CacheView rejoinCache(String name) {
        CacheView cache = cache(name);
        throw new AdminException(
                Reason.NOTHING_TO_DECIDE,
                "cache " + cache.name() + " is not away",
                "look at it",
                Map.of("cache", name));
    }

    @Override
    public BrickView keepDisk(String name, GivenUp dirtyData) {
        BrickView brick = fenced(name);
        if (brick.dirtyBytes() > 0 && dirtyData == GivenUp.NOTHING) {
            throw AdminException.brickDirty(name, brick.dirtyBytes());
        }
        put(brick, BrickView.State.SERVING, "", 0, null, brick.connections());
        return brick(name);
    }

    @Override
    public BrickView keepCache(String name) {
        BrickView brick = fenced(name);
        put(brick, BrickView.State.SERVING, "", brick.dirtyBytes(), null, brick.connections());
        return brick(name);
    }

    private BrickView fenced(String name) {
        BrickView brick = brick(name);
        if (brick.state() != BrickView.State.FENCED) {
            throw new AdminException(
                    Reason.NOTHING_TO_DECIDE, "brick " + name + " is not fenced", "look at it", Map.of("brick", name));
        }
        return brick;
    }

    @Override
    public List<BrickView> bricks() {
        mayFail();
        List<BrickView> reversed = new ArrayList<>(bricks.values());
        reversed.sort((a, b) -> b.name().compareTo(a.name()));
        return reversed;
    }

    @Override
    public BrickView brick(String name) {
        mayFail();
        BrickView brick = bricks.get(name);
        if (brick == null) {
            throw AdminException.brickNotFound(name);
        }
        return brick;
    }

    @Override
    public BrickView attachBrick(BrickSpec spec) {
        cache(spec.cache());
        if (bricks.containsKey(spec.name())) {
            throw AdminException.brickExists(spec.name());
        }
        for (BrickView other : bricks.values()) {
            if (other.devicePath().equals(spec.devicePath())) {
                throw new AdminException(
                        Reason.DEVICE_IN_USE,
                        spec.devicePath() + " serves brick " + other.name() + " already",
                        "detach that brick first",
                        Map.of("device_path", spec.devicePath().toString()));
            }
        }
        BrickView brick = new BrickView(
                spec.name(),
                uuid(spec.name()),
                spec.cache(),
                spec.devicePath(),
                BRICK_BYTES,
                BRICK_BYTES,
                BrickView.State.SERVING,
                "",
                BrickView.Mode.WRITE_BACK,
                0,
                512L << 20,
                null,
                0,
                List.of("nbd+unix:///" + spec.name() + "?socket=/run/brickcache/nbd.sock"),
                new BrickCounters(
                        new BrickCounters.Requests(1000, 500, 20, 3, 4_096_000, 2_048_000),
                        new BrickCounters.CacheUse(900, 100, 30, 1_048_576),
                        Map.of(BrickCounters.WriteAround.NO_FREE_SLOT, 999_424L),
                        new BrickCounters.Moves(100, 40, 7, 256, 4),
                        new BrickCounters.Errors(0, 0, 0, 0)),
                BrickView.Lost.NOTHING);
        bricks.put(spec.name(), brick);
        return brick;
    }

    @Override
    public BrickView detachBrick(String name, DirtyData dirtyData, LostData lostData, ProgressListener progress) {
        BrickView brick = brick(name);
        if (brick.connections() > 0) {
            throw AdminException.brickInUse(name, brick.connections());
        }
        boolean served = brick.state() == BrickView.State.SERVING;
        if (dirtyData == DirtyData.GIVE_UP && served) {
            throw new AdminException(
                    Reason.NOTHING_TO_DECIDE, "brick " + name + " is served", "flush it", Map.of("brick", name));
        }
        if (brick.dirtyBytes() > 0 && dirtyData != DirtyData.GIVE_UP) {
            if (dirtyData == DirtyData.REFUSE) {
                throw AdminException.brickDirty(name, brick.dirtyBytes());
            }
            if (!served) {
                throw AdminException.brickUnavailable(name, "unavailable");
            }
            brick = flush(brick, progress);
        }
        if (lostData == LostData.REFUSE) {
            checkNothingLost(brick, "stays attached");
        }
        bricks.remove(name);
        return brick;
    }

    @Override
    public BrickView flushBrick(String name, ProgressListener progress) {
        BrickView brick = flush(brick(name), progress);
        checkNothingLost(brick, "has been flushed as far as it can be");
        return brick;
    }

    private BrickView flush(BrickView brick, ProgressListener progress) {
        work("flushing brick " + brick.name(), brick.dirtyBytes(), progress);
        put(brick, brick.state(), brick.stateReason(), 0, null, brick.connections());
        return brick(brick.name());
    }

    private static void checkNothingLost(BrickView brick, String what) {
        if (brick.lost().blocks() > 0) {
            throw AdminException.brickLost(
                    brick.name(), what, brick.lost().blocks(), brick.lost().bytes());
        }
    }

    private void work(String what, long bytes, ProgressListener progress) {
        for (int step = 0; step <= STEPS; step++) {
            progress.onProgress(new Progress(bytes * step / STEPS, bytes, Progress.Unit.BYTES));
            if (step == STEPS / 2 && release.getCount() > 0) {
                halfway.countDown();
                hold(progress);
            }
            if (progress.isCancelled()) {
                cancelled.countDown();
                throw AdminException.cancelled(what);
            }
        }
    }

    private void hold(ProgressListener progress) {
        try {
            while (!progress.isCancelled() && !release.await(5, TimeUnit.MILLISECONDS)) {
                // Held: look again whether the caller is still interested.
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw AdminException.shuttingDown();
        }
    }

    private static UUID uuid(String name) {
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public MappingView mapBrick(String brick) {
        mayFail();
        return mapped.computeIfAbsent(brick(brick).name(), name -> mapping(name, mapped.size(), List.of()));
    }

    /** From now on something uses the device of the brick. */
    public void use(String brick, String user) {
        mapped.computeIfPresent(
                brick,
                (name, view) -> mapping(
                        name,
                        Integer.parseInt(view.devicePath().toString().substring("/dev/nbd".length())),
                        List.of(user)));
    }

    @Override
    public MappingView unmapBrick(String name) {
        mayFail();
        MappingView view = mapped.values().stream()
                .filter(known -> List.of(
                                known.brick(),
                                known.devicePath().toString(),
                                known.linkPath().toString())
                        .contains(name))
                .findFirst()
                .orElseThrow(() -> AdminException.notMapped(name));
        if (!view.users().isEmpty()) {
            throw new AdminException(
                    Reason.DEVICE_IN_USE,
                    view.devicePath() + " is in use: " + String.join(", ", view.users()),
                    "unmount it first",
                    Map.of());
        }
        mapped.remove(view.brick());
        return view;
    }

    /** The disk of a brick is made larger or smaller. */
    public void resizeDisk(String brick, long bytes) {
        diskBytes.put(brick, bytes);
        BrickView old = brick(brick);
        put(old, old.state(), old.stateReason(), old.dirtyBytes(), old.oldestDirtyAge(), old.connections());
    }

    /** From now on the kernel does not take new sizes, for that reason. */
    public void refuseSizes(String reason) {
        sizeRefusal = reason;
    }

    @Override
    public GrownView growBrick(String name) {
        BrickView brick = brick(name);
        long bytes = diskBytes.getOrDefault(name, brick.sizeBytes());
        if (bytes < brick.sizeBytes()) {
            throw new AdminException(
                    Reason.DEVICE_UNSUITABLE, "the disk of " + name + " is smaller", "make it larger", Map.of());
        }
        bricks.put(
                name,
                new BrickView(
                        brick.name(),
                        brick.uuid(),
                        brick.cache(),
                        brick.devicePath(),
                        bytes,
                        bytes,
                        brick.state(),
                        brick.stateReason(),
                        brick.mode(),
                        brick.dirtyBytes(),
                        brick.cachedBytes(),
                        brick.oldestDirtyAge(),
                        brick.connections(),
                        brick.exportUris(),
                        brick.counters(),
                        brick.lost()));
        MappingView grown = mapped.computeIfPresent(
                name,
                (key, view) -> new MappingView(
                        view.brick(),
                        view.devicePath(),
                        view.linkPath(),
                        sizeRefusal.isEmpty() ? bytes : view.sizeBytes(),
                        view.connections(),
                        view.openConnections(),
                        view.state(),
                        sizeRefusal,
                        view.users()));
        return new GrownView(brick(name), brick.sizeBytes(), grown);
    }

    @Override
    public List<MappingView> mappings() {
        mayFail();
        return List.copyOf(mapped.values());
    }

    private static MappingView mapping(String brick, int index, List<String> users) {
        return new MappingView(
                brick,
                Path.of("/dev/nbd" + index),
                Path.of("/dev/brickcache/" + brick),
                BRICK_BYTES,
                4,
                4,
                MappingView.State.CONNECTED,
                "",
                users);
    }

    /** From now on a protection is missing. */
    public void unprotect() {
        protection = new ProtectionView("locked-memory", false, "0 MiB locked", "lock it");
    }

    @Override
    public List<ProtectionView> protections() {
        mayFail();
        return List.of(new ProtectionView("io-flusher", true, "set", ""), protection);
    }

    /** True once it was asked to stop. */
    public boolean isStopped() {
        return stopped;
    }

    @Override
    public void stop(UsedDevices usedDevices) {
        mayFail();
        if (usedDevices == UsedDevices.REFUSE
                && mapped.values().stream().anyMatch(view -> !view.users().isEmpty())) {
            throw new AdminException(Reason.DEVICE_IN_USE, "a device is in use", "unmount it first", Map.of());
        }
        stopped = true;
    }
}
