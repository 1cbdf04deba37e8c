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
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.demotion.Demoter;
import io.brickcache.demotion.DemotionOptions;
import io.brickcache.demotion.FlushProgress;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The engine itself: caches with a simulated SSD and metadata in memory, bricks with simulated disks. */
class EngineSystem implements SystemUnderTest {

    private static final long MAX_COMMIT_NS = 500_000;
    private static final int MAX_LOST_TRIES = 3;

    private final String bug;
    private final Scenario scenario;
    private final SimLoop loop;
    private final SeededEntropy entropy;
    private final List<Medium> disks = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private boolean faultsStopped;

    /** One cache: its media, and its process while it runs. */
    private final class Node {
        final int index;
        final Medium ssdMedium;
        final CacheRecord record;
        MemoryMetadataStore store;
        final List<SimDevice> devices = new ArrayList<>();
        private @Nullable Cache runningCache;
        private @Nullable Demoter runningDemoter;
        private int starts;

        Node(int index) {
            this.index = index;
            BlockShape shape = new BlockShape(scenario.blockBytes());
            record = new CacheRecord(entropy.nextUuid(), scenario.blockBytes(), scenario.slots(), 0, true);
            ssdMedium = new Medium(
                    new SsdLayout(record.uuid(), shape, scenario.slots()).areaBytes(), SectorContent.SECTOR_BYTES);
            store = new MemoryMetadataStore(loop, entropy.split("store " + index), MAX_COMMIT_NS);
            format();
        }

        private void format() {
            MetadataBatch batch = new MetadataBatch();
            batch.put(Family.CACHE, CacheRecord.key(), record.encode());
            for (int i = index; i < scenario.bricks(); i += scenario.caches()) {
                BrickRecord brick = new BrickRecord(
                        i,
                        "b" + i,
                        entropy.nextUuid(),
                        "sim",
                        "sim",
                        scenario.brickBytes().get(i));
                batch.put(Family.BRICKS, brick.key(), brick.encode());
            }
            AtomicInteger done = new AtomicInteger();
            store.commit(batch, failure -> done.incrementAndGet());
            loop.runUntil(() -> done.get() > 0);
        }

        Cache cache() {
            return Objects.requireNonNull(runningCache);
        }

        Demoter demoter() {
            return Objects.requireNonNull(runningDemoter);
        }

        SimDevice device(String name, Medium medium, long maxLatencyNs, boolean ssd) {
            SeededEntropy own = entropy.split(name + entropy.nextLong());
            SimDeviceOptions options = new SimDeviceOptions(
                    scenario.blockBytes(), entropy.chance(0.7), entropy.chance(0.7), false, Misuse.THROWS);
            LatencyModel latency = LatencyModel.random(own.split("latency"), 1_000, maxLatencyNs);
            SimDevice device = new SimDevice(name, loop, medium, options, latency, faults(own, ssd), own);
            devices.add(device);
            return device;
        }

        void start(Runnable started) {
            devices.clear();
            damage(entropy.split("damage " + index + " " + starts++));
            SimDevice ssd = device("ssd", ssdMedium, scenario.maxLatencyNs(), true);
            CacheOptions options = new CacheOptions(
                    CacheOptions.MIN_BUFFER_BYTES,
                    entropy.pick(10_000_000L, 100_000_000L, 1_000_000_000L),
                    scenario.dirtyLowPercent(),
                    scenario.dirtyHighPercent(),
                    entropy.pick(1_000_000_000L, 60_000_000_000L),
                    entropy.pick(1_000_000_000L, 60_000_000_000L),
                    CacheOptions.MIN_METADATA_MEMORY_BYTES);
            try {
                runningCache = BuggyCaches.load(
                        bug,
                        CacheMetadata.read(store),
                        store,
                        loop,
                        ssd,
                        options,
                        brick -> device("disk", disks.get(brick.id()), scenario.maxDiskLatencyNs(), false));
            } catch (MetadataException e) {
                throw new AssertionError("the metadata is damaged: " + e.getMessage(), e);
            }
            cache().checkStructure(true);
            runningDemoter = new Demoter(cache(), DemotionOptions.of(options));
            tryStart(started);
        }

        /** Some sectors of the data area have turned while nobody looked. */
        private void damage(SeededEntropy own) {
            if (faultsStopped || !scenario.hasFaults() || !own.chance(0.3)) {
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

        private void tryStart(Runnable started) {
            cache().start(status -> {
                if (status.isOk()) {
                    demoter().start();
                    scrubSometime(entropy.split("scrub " + index + " " + starts));
                    if (scenario.hasFaults() && !faultsStopped) {
                        failCommits();
                    }
                    started.run();
                } else {
                    tryStart(started);
                }
            });
        }

        /** Some of the commits to come fail, one or several in a row, until faults stop. */
        private void failCommits() {
            MemoryMetadataStore failing = store;
            loop.schedule(entropy.between(1, 20) * 1_000_000L, () -> {
                if (failing == store && !faultsStopped) {
                    store.failNext(
                            entropy.between(1, 3),
                            new MetadataException(MetadataException.Kind.IO, "planted failure of a commit"));
                    failCommits();
                }
            });
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
            devices.forEach(SimDevice::close);
            store.close();
            store = store.reopened(loop);
            done.run();
        }

        void crash(Crash kind) {
            devices.forEach(SimDevice::kill);
            store.crash();
            store = store.reopened(loop);
            if (kind == Crash.POWER_LOSS) {
                ssdMedium.losePower(entropy);
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
        scenario.brickBytes().forEach(size -> disks.add(new Medium(size, SectorContent.SECTOR_BYTES)));
        for (int i = 0; i < scenario.caches(); i++) {
            nodes.add(new Node(i));
        }
    }

    private Faults faults(SeededEntropy own, boolean ssd) {
        if (faultsStopped || !scenario.hasFaults()) {
            return Faults.NONE;
        }
        double rate = scenario.faultRate() / 4;
        if (ssd) {
            return Faults.random(
                    own.split("faults"),
                    Map.of(
                            Fault.IO_ERROR, rate,
                            Fault.PARTIAL_WRITE, rate,
                            Fault.BIT_FLIP, rate,
                            Fault.SLOW, rate));
        }
        return Faults.random(
                own.split("faults"),
                Map.of(
                        Fault.IO_ERROR, rate,
                        Fault.PARTIAL_WRITE, rate,
                        Fault.NOT_SUPPORTED, rate,
                        Fault.SLOW, rate));
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
                boolean complete = cached(i).lost().unreadableBlocks() == 0 || tries >= MAX_LOST_TRIES;
                if (status == IoStatus.SHUTDOWN || status.isOk() && complete) {
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
    public boolean isLost(int i, long offset, long length) {
        return cached(i).lost().from(offset, Integer.MAX_VALUE).stream()
                .anyMatch(range -> range.offset() < offset + length);
    }

    @Override
    public void stopFaults() {
        faultsStopped = true;
        MetadataException none = new MetadataException(MetadataException.Kind.IO, "no failure");
        nodes.forEach(node -> node.store.failNext(0, none));
        nodes.forEach(node -> node.devices.forEach(device -> device.setFaults(Faults.NONE)));
    }

    @Override
    public Medium disk(int i) {
        return disks.get(i);
    }
}
