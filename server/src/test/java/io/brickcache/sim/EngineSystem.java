package io.brickcache.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.Fault;
import io.brickcache.block.sim.Faults;
import io.brickcache.block.sim.LatencyModel;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.Misuse;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.block.sim.SimDeviceOptions;
import io.brickcache.cache.BuggyCaches;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CacheMetadata;
import io.brickcache.cache.CacheOptions;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.ScrubListener;
import io.brickcache.cache.ScrubReport;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.JournalBounds;
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.demotion.Demoter;
import io.brickcache.demotion.DemotionOptions;
import io.brickcache.demotion.FlushProgress;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import io.brickcache.meta.MemorySpareJournal;
import io.brickcache.meta.SparedMetadataStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The engine itself: caches with a simulated SSD and metadata in memory, bricks with simulated disks. */
class EngineSystem implements SystemUnderTest {

    private static final long MAX_COMMIT_NS = 500_000;
    private static final int MAX_LOST_TRIES = 3;
    private static final long MAX_SLOW_COMMIT_NS = 100_000_000;

    private final String bug;
    private final Scenario scenario;
    private final SimLoop loop;
    private final SeededEntropy entropy;
    private final List<Medium> disks = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private final FaultPlan plan;
    private long formerDamageBytes;

    /** One cache: its media, and its process while it runs. */
    private final class Node {
        final int index;
        final Medium ssdMedium;
        final CacheRecord record;
        MemoryMetadataStore store;
        /** Whether commits that the store refuses go to a spare journal. */
        final boolean spared;

        /** Whether and how they go to a commit log first. */
        final LoggedStores logs;

        MemorySpareJournal spare;
        /** The store as the cache has it. */
        MetadataStore running;

        final List<SimDevice> devices = new ArrayList<>();
        final List<SimDevice> fallible = new ArrayList<>();
        private @Nullable Cache runningCache;
        private @Nullable Demoter runningDemoter;
        private @Nullable FenceTrial fence;
        private int starts;

        Node(int index) {
            this.index = index;
            BlockShape shape = new BlockShape(scenario.blockBytes());
            record = new CacheRecord(entropy.nextUuid(), scenario.blockBytes(), scenario.slots(), 0, true);
            ssdMedium = new Medium(
                    new SsdLayout(record.uuid(), shape, scenario.slots()).areaBytes(), SectorContent.SECTOR_BYTES);
            long maxCommitNs = entropy.pick(MAX_COMMIT_NS, MAX_COMMIT_NS, MAX_SLOW_COMMIT_NS);
            store = new MemoryMetadataStore(loop, entropy.split("store " + index), maxCommitNs);
            spared = entropy.chance(0.7);
            logs = new LoggedStores(bug, loop, entropy.split("log " + index));
            spare = new MemorySpareJournal(loop, entropy.split("spare " + index), maxCommitNs);
            running = store;
            format();
        }

        private void format() {
            ByteBuffer superblock = ByteBuffer.allocate(SsdLayout.SUPERBLOCK_BYTES);
            new SsdLayout(record.uuid(), new BlockShape(scenario.blockBytes()), scenario.slots()).encode(superblock);
            ssdMedium.preset(0, superblock, 0, SsdLayout.SUPERBLOCK_BYTES);
            List<BrickRecord> bricks = new ArrayList<>();
            for (int i = index; i < scenario.bricks(); i += scenario.caches()) {
                bricks.add(new BrickRecord(i, "b" + i, entropy.nextUuid(), "sim", "sim", firstBytes(i)));
            }
            store.format(record, bricks);
        }

        /** Some bricks begin with a part of what their disks have. */
        private long firstBytes(int brick) {
            SeededEntropy own = entropy.split("size of " + brick);
            long sectors = scenario.brickBytes().get(brick) / SectorContent.SECTOR_BYTES;
            return (own.chance(0.3) ? own.between(1, (int) sectors) : sectors) * SectorContent.SECTOR_BYTES;
        }

        Cache cache() {
            return Objects.requireNonNull(runningCache);
        }

        Demoter demoter() {
            return Objects.requireNonNull(runningDemoter);
        }

        private SimDevice openSsd() {
            SeededEntropy own = entropy.split("ssd" + entropy.nextLong());
            SimDevice ssd = device("ssd", ssdMedium, scenario.maxLatencyNs(), plan.ofSsd(index, own), own);
            if (plan.reachesCache(index)) {
                fallible.add(ssd);
            }
            return ssd;
        }

        private SimDevice openLog() {
            SeededEntropy own = entropy.split("log" + entropy.nextLong());
            SimDevice log = device("log", logs.medium(), scenario.maxLatencyNs(), plan.ofLog(index, own), own);
            if (plan.reachesCache(index)) {
                fallible.add(log);
            }
            return log;
        }

        /** With all that the disk has by now, or with just what the brick has of it. */
        private SimDevice openDisk(int brick, long brickBytes) {
            SeededEntropy own = entropy.split("disk" + entropy.nextLong());
            SimDevice disk =
                    device("disk", disks.get(brick), scenario.maxDiskLatencyNs(), plan.ofDisk(brick, own), own);
            if (plan.reachesDisk(brick)) {
                fallible.add(disk);
            }
            if (own.chance(0.5)) {
                disk.limit(brickBytes);
            }
            return disk;
        }

        private SimDevice device(String name, Medium medium, long maxLatencyNs, Faults faults, SeededEntropy own) {
            SimDeviceOptions options = new SimDeviceOptions(
                    scenario.blockBytes(), entropy.chance(0.7), entropy.chance(0.7), false, Misuse.THROWS);
            LatencyModel latency = LatencyModel.random(own.split("latency"), 1_000, maxLatencyNs);
            SimDevice device = new SimDevice(name, loop, medium, options, latency, faults, own);
            devices.add(device);
            return device;
        }

        void start(Runnable started) {
            formerDamageBytes += damagedBytes() + lostBytes();
            devices.clear();
            fallible.clear();
            damage(entropy.split("damage " + index + " " + starts++));
            SimDevice ssd = openSsd();
            SimDevice log = openLog();
            CacheOptions options = new CacheOptions(
                    CacheOptions.MIN_BUFFER_BYTES,
                    entropy.pick(10_000_000L, 100_000_000L, 1_000_000_000L),
                    scenario.dirtyLowPercent(),
                    scenario.dirtyHighPercent(),
                    entropy.pick(1_000_000_000L, 60_000_000_000L),
                    entropy.pick(1_000_000_000L, 60_000_000_000L),
                    CacheOptions.MIN_METADATA_MEMORY_BYTES);
            if (scenario.trouble().damage() && entropy.chance(0.3)) {
                expectRefusal(ssd, options);
            }
            try {
                running = front(log);
                runningCache = load(running, ssd, options);
            } catch (MetadataException e) {
                throw new AssertionError("the metadata is damaged: " + e.getMessage(), e);
            }
            cache().checkStructure(true);
            runningDemoter = new Demoter(cache(), DemotionOptions.of(options));
            SeededEntropy own = entropy.split("fence " + index + " " + starts);
            if (own.chance(0.3)) {
                fence = new FenceTrial(cache(), disks::get, own);
                fence.run(() -> tryStart(started));
            } else {
                tryStart(started);
            }
        }

        private MetadataStore front(SimDevice log) throws MetadataException {
            if (bug.equals("IGNORES_SPARE_JOURNAL")) {
                spare = new MemorySpareJournal(loop, entropy.split("spare"), MAX_COMMIT_NS);
            }
            MetadataStore logged = logs.open(store, log, record.uuid());
            return spared ? SparedMetadataStore.open(logged, spare, loop) : logged;
        }

        private Cache load(MetadataStore from, SimDevice ssd, CacheOptions options) throws MetadataException {
            SeededEntropy own = entropy.split("heuristics " + index + " " + starts);
            return BuggyCaches.load(
                    bug,
                    CacheMetadata.read(from),
                    from,
                    loop,
                    ssd,
                    options,
                    brick -> openDisk(brick.id(), brick.sizeBytes()),
                    own.pick(scenario.blockBytes(), 4 * scenario.blockBytes(), 1 << 20),
                    own.pick(0, scenario.blockBytes(), 8 << 10, 64 << 10, 256 << 10),
                    new JournalBounds(own.pick(0, 1, 20, 100), own.pick(1, 1, 3, 1024), own.pick(1, 1, 4, 64)));
        }

        /** Metadata of which one record is not what was written must not be believed. */
        private void expectRefusal(SimDevice ssd, CacheOptions options) {
            MemoryMetadataStore wrong = store.damaged(entropy);
            if (wrong == null) {
                return;
            }
            try {
                load(wrong, ssd, options);
            } catch (MetadataException expected) {
                return;
            }
            throw new AssertionError("cache " + index + " opens although a record of its metadata is damaged");
        }

        /** Some sectors of the data area have turned while nobody looked. */
        private void damage(SeededEntropy own) {
            if (!plan.reachesCache(index) || !own.chance(0.3)) {
                return;
            }
            long first = ssdMedium.sizeBytes() - (long) scenario.slots() * scenario.blockBytes();
            long sectors = (ssdMedium.sizeBytes() - first) / SectorContent.SECTOR_BYTES;
            ByteBuffer sector = ByteBuffer.allocate(SectorContent.SECTOR_BYTES);
            for (int i = own.between(1, Math.max(1, scenario.slots() / 4)); i > 0; i--) {
                long at = first + own.nextLong(sectors) * SectorContent.SECTOR_BYTES;
                ssdMedium.read(at, sector.capacity(), sector, 0);
                int turned = own.nextInt(sector.capacity());
                sector.put(turned, (byte) (sector.get(turned) ^ 1 << own.nextInt(8)));
                ssdMedium.preset(at, sector, 0, sector.capacity());
                formerDamageBytes += scenario.blockBytes();
            }
        }

        private void scrubSometime(SeededEntropy own) {
            Cache scrubbed = cache();
            if (own.chance(0.3)) {
                loop.schedule(own.between(1, 50) * 1_000_000L, () -> {
                    if (scrubbed == runningCache && !scrubbed.scrubber().isBusy()) {
                        scrubbed.scrubber().scrub(1L << 30, new ScrubListener() {
                            @Override
                            public boolean progress(ScrubReport soFar) {
                                return true;
                            }

                            @Override
                            public void finished(ScrubReport report, IoStatus status) {}
                        });
                    }
                });
            }
        }

        /** Bricks that have less than their disks get more, in one step or in several, at any moment. */
        private void growSometime(SeededEntropy own) {
            Cache grown = cache();
            for (CachedBrick brick : grown.bricks()) {
                growSometime(grown, brick, own.split(brick.name()));
            }
        }

        private void growSometime(Cache grown, CachedBrick brick, SeededEntropy own) {
            long left = scenario.brickBytes().get(brick.id()) - brick.record().sizeBytes();
            if (left == 0 || own.chance(0.3)) {
                return;
            }
            loop.schedule(own.between(1, 50) * 200_000L, () -> {
                if (grown != runningCache) {
                    return;
                }
                int most = (int) (left / SectorContent.SECTOR_BYTES);
                long more = own.chance(0.5) ? own.between(1, Math.min(most, 16)) : own.between(1, most);
                long bytes = brick.record().sizeBytes() + more * SectorContent.SECTOR_BYTES;
                grown.grow(brick, bytes, status -> {
                    if (status != IoStatus.SHUTDOWN) {
                        growSometime(grown, brick, own);
                    }
                });
            });
        }

        private void tryStart(Runnable started) {
            cache().start(status -> {
                if (status.isOk()) {
                    demoter().start();
                    failCommits();
                    loseSsd();
                    scrubSometime(entropy.split("scrub " + index + " " + starts));
                    growSometime(entropy.split("growth " + index + " " + starts));
                    started.run();
                } else {
                    tryStart(started);
                }
            });
        }

        /** Some of the commits to come fail, one or several in a row or for a long time, until faults stop. */
        private void failCommits() {
            if (!plan.reachesCache(index)) {
                return;
            }
            MemoryMetadataStore failing = store;
            // With a spare journal a failure lasts for seconds: less often, so that the cache serves in between.
            loop.schedule(entropy.between(1, 20) * (spared ? 50_000_000L : 1_000_000L), () -> {
                if (failing == store && plan.reachesCache(index)) {
                    int commits = entropy.chance(0.1) ? 1000 : entropy.between(1, 3);
                    store.failNext(
                            commits, new MetadataException(MetadataException.Kind.IO, "planted failure of a commit"));
                    failCommits();
                }
            });
        }

        /** All of the SSD is gone for a while, the metadata on it, too; now and then its journal fails meanwhile. */
        private void loseSsd() {
            if (!plan.reachesCache(index) || !entropy.chance(0.2)) {
                return;
            }
            MemoryMetadataStore of = store;
            MetadataException gone = new MetadataException(MetadataException.Kind.IO, "the SSD is gone");
            loop.schedule(entropy.between(1, 200) * 1_000_000L, () -> {
                if (of == store && plan.reachesCache(index)) {
                    onSsd().forEach(device -> device.setFaults(request -> Fault.IO_ERROR));
                    store.failNext(Integer.MAX_VALUE, gone);
                    spare.fail(entropy.chance(0.1) ? gone : null);
                    loop.schedule(entropy.pick(1, 100, 1000, 3000) * 1_000_000L, () -> {
                        if (of == store) {
                            onSsd().forEach(device -> device.setFaults(Faults.NONE));
                            store.failNext(0, gone);
                            spare.fail(null);
                        }
                    });
                }
            });
        }

        private List<SimDevice> onSsd() {
            return devices.subList(0, 2);
        }

        long damagedBytes() {
            return devices.stream().mapToLong(SimDevice::damagedBytes).sum();
        }

        /** What the SSD was gone with before it was synced. */
        long lostBytes() {
            Cache of = runningCache;
            return of == null
                    ? 0
                    : scenario.blockBytes()
                            * of.bricks().stream()
                                    .mapToLong(brick -> brick.counters().lostBlocks)
                                    .sum();
        }

        void stop(Runnable done) {
            demoter().stop(() -> cache().stop(status -> stopped(status, done)));
        }

        private void stopped(IoStatus status, Runnable done) {
            if (!status.isOk()) {
                cache().stop(again -> stopped(again, done));
                return;
            }
            cache().checkStructure(true);
            close(done);
        }

        /** A probe of the spare journal may have a batch on its way into the log yet. */
        private void close(Runnable done) {
            running.close();
            if (devices.stream().anyMatch(device -> device.inFlight() > 0)) {
                loop.schedule(1_000, () -> close(done));
                return;
            }
            devices.forEach(SimDevice::close);
            spare.close();
            reopen();
            done.run();
        }

        private void reopen() {
            store = store.reopened(loop);
            spare = spare.reopened(loop);
        }

        void crash(Crash kind) {
            if (fence != null) {
                fence.end();
                fence = null;
            }
            devices.forEach(SimDevice::kill);
            store.crash();
            spare.crash();
            reopen();
            if (kind == Crash.POWER_LOSS) {
                ssdMedium.losePower(entropy);
                logs.medium().losePower(entropy);
            }
        }
    }

    EngineSystem(Scenario scenario, SimLoop loop, SeededEntropy entropy) {
        this("NONE", scenario, loop, entropy);
    }

    /** With one of {@link BuggyCaches#bugs}. */
    EngineSystem(String bug, Scenario scenario, SimLoop loop, SeededEntropy entropy) {
        this.bug = bug;
        this.scenario = scenario;
        this.loop = loop;
        this.entropy = entropy;
        this.plan = new FaultPlan(scenario);
        scenario.brickBytes().forEach(size -> disks.add(new Medium(size, SectorContent.SECTOR_BYTES)));
        for (int i = 0; i < scenario.caches(); i++) {
            nodes.add(new Node(i));
        }
    }

    @Override
    public void start(Runnable started) {
        AtomicInteger starting = new AtomicInteger(nodes.size());
        for (Node node : nodes) {
            node.start(() -> {
                if (starting.decrementAndGet() == 0) {
                    started.run();
                }
            });
        }
    }

    private CachedBrick cached(int i) {
        return nodes.get(i % scenario.caches()).cache().bricks().stream()
                .filter(brick -> brick.id() == i)
                .findFirst()
                .orElseThrow();
    }

    @Override
    public BlockDevice brick(int i) {
        return cached(i);
    }

    @Override
    public void flushBrick(int i, Runnable done) {
        flushBrick(i, 0, done);
    }

    private void flushBrick(int i, int tries, Runnable done) {
        nodes.get(i % scenario.caches()).demoter().flush(cached(i), new FlushProgress() {
            @Override
            public boolean progress(long doneBlocks, long totalBlocks) {
                return true;
            }

            @Override
            public void finished(IoStatus status) {
                // What is lost on the SSD cannot be written to the disk, however often that is tried.
                boolean complete = cached(i).lost().unreadableBlocks() == 0 || tries >= MAX_LOST_TRIES;
                if (status == IoStatus.SHUTDOWN || plan.reachesDisk(i) || status.isOk() && complete) {
                    done.run();
                } else {
                    flushBrick(i, tries + 1, done);
                }
            }
        });
    }

    @Override
    public void stop(Runnable done) {
        AtomicInteger stopping = new AtomicInteger(nodes.size());
        for (Node node : nodes) {
            node.stop(() -> {
                if (stopping.decrementAndGet() == 0) {
                    done.run();
                }
            });
        }
    }

    @Override
    public void crash(Crash kind) {
        nodes.forEach(node -> node.crash(kind));
        if (kind == Crash.POWER_LOSS) {
            disks.forEach(disk -> disk.losePower(entropy));
        }
    }

    @Override
    public void checkStructure() {
        nodes.forEach(node -> node.cache().checkStructure(false));
    }

    @Override
    public void checkClean() {
        for (Node node : nodes) {
            long dirty = node.cache().dirtySlots();
            if (dirty != 0) {
                throw new AssertionError("cache " + node.index + " has " + dirty + " dirty slots after flushing all");
            }
        }
    }

    @Override
    public void hang() {
        List<SimDevice> able = new ArrayList<>();
        nodes.forEach(node -> able.addAll(node.fallible));
        able.get(entropy.nextInt(able.size())).setHanging(true);
    }

    @Override
    public boolean isCommitting() {
        return nodes.stream().anyMatch(node -> node.store.pendingCommits() > 0);
    }

    @Override
    public long damagedBytes() {
        return formerDamageBytes
                + nodes.stream()
                        .mapToLong(node -> node.damagedBytes() + node.lostBytes())
                        .sum();
    }

    @Override
    public boolean isLost(int i, long offset, long length) {
        return cached(i).lost().from(offset, Integer.MAX_VALUE).stream()
                .anyMatch(range -> range.offset() < offset + length);
    }

    @Override
    public void stopFaults() {
        plan.stop();
        MetadataException none = new MetadataException(MetadataException.Kind.IO, "no failure");
        nodes.forEach(node -> node.store.failNext(0, none));
        nodes.forEach(node -> node.spare.fail(null));
        nodes.forEach(node -> node.devices.forEach(device -> device.setFaults(Faults.NONE)));
        nodes.forEach(node -> node.devices.forEach(device -> device.setHanging(false)));
    }

    @Override
    public Medium disk(int i) {
        return disks.get(i);
    }
}
