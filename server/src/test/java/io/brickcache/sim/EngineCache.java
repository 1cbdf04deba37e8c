package io.brickcache.sim;

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
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One cache: its media, and its process while it runs. */
final class EngineCache {

    /** Of the devices: the data area and the commit log, which are opened first. */
    private static final int ON_SSD = 2;

    private final int index;
    private final String bug;
    private final Scenario scenario;
    private final SimLoop loop;
    private final SeededEntropy entropy;
    private final FaultPlan plan;
    private final List<Medium> disks;
    private final Medium ssdMedium;
    private final CacheRecord record;
    private final CacheStores stores;
    private final List<SimDevice> devices = new ArrayList<>();
    private final List<SimDevice> fallible = new ArrayList<>();
    private @Nullable Cache runningCache;
    private @Nullable Demoter runningDemoter;
    private @Nullable FenceTrial fence;
    private int starts;
    private long formerDamageBytes;

    /**
     * The {@code index}th cache of a scenario, with one of {@link BuggyCaches#bugs}.
     *
     * @param disks of all bricks
     */
    EngineCache(
            String bug,
            Scenario scenario,
            SimLoop loop,
            SeededEntropy entropy,
            FaultPlan plan,
            List<Medium> disks,
            int index) {
        this.bug = bug;
        this.scenario = scenario;
        this.loop = loop;
        this.entropy = entropy;
        this.plan = plan;
        this.disks = disks;
        this.index = index;
        BlockShape shape = new BlockShape(scenario.blockBytes());
        record = new CacheRecord(entropy.nextUuid(), scenario.blockBytes(), scenario.slots(), 0, true);
        ssdMedium = new Medium(
                new SsdLayout(record.uuid(), shape, scenario.slots()).areaBytes(), SectorContent.SECTOR_BYTES);
        stores = new CacheStores(bug, loop, entropy, index);
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
        stores.format(record, bricks);
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
        SimDevice log = device("log", stores.logMedium(), scenario.maxLatencyNs(), plan.ofLog(index, own), own);
        if (plan.reachesCache(index)) {
            fallible.add(log);
        }
        return log;
    }

    /** With all that the disk has by now, or with just what the brick has of it. */
    private SimDevice openDisk(int brick, long brickBytes) {
        SeededEntropy own = entropy.split("disk" + entropy.nextLong());
        SimDevice disk = device("disk", disks.get(brick), scenario.maxDiskLatencyNs(), plan.ofDisk(brick, own), own);
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
        formerDamageBytes = damagedBytes();
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
            runningCache = load(stores.open(log, record), ssd, options);
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
                own.split("regret").pick(-1_000_000, 0, 2),
                own.split("portion").pick(1L, 1_000_000L, 10_000_000L, 200_000_000L),
                new JournalBounds(own.pick(0, 1, 20, 100), own.pick(1, 1, 3, 1024), own.pick(1, 1, 4, 64)));
    }

    /** Metadata of which one record is not what was written must not be believed. */
    private void expectRefusal(SimDevice ssd, CacheOptions options) {
        MemoryMetadataStore wrong = stores.damaged();
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

    private void tryStart(Runnable started) {
        cache().start(status -> {
            if (status.isOk()) {
                demoter().start();
                failCommits();
                loseSsd();
                Cache served = cache();
                OperatorWork work = new OperatorWork(scenario, loop, served, () -> served == runningCache);
                work.scrubSometime(entropy.split("scrub " + index + " " + starts));
                work.growSometime(entropy.split("growth " + index + " " + starts));
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
        MemoryMetadataStore failing = stores.store();
        // With a spare journal a failure lasts for seconds: less often, so that the cache serves in between.
        loop.schedule(entropy.between(1, 20) * (stores.isSpared() ? 50_000_000L : 1_000_000L), () -> {
            if (failing == stores.store() && plan.reachesCache(index)) {
                int commits = entropy.chance(0.1) ? 1000 : entropy.between(1, 3);
                failing.failNext(
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
        MemoryMetadataStore of = stores.store();
        MetadataException gone = new MetadataException(MetadataException.Kind.IO, "the SSD is gone");
        loop.schedule(entropy.between(1, 200) * 1_000_000L, () -> {
            if (of == stores.store() && plan.reachesCache(index)) {
                onSsd().forEach(device -> device.setFaults(request -> Fault.IO_ERROR));
                stores.fail(gone, entropy.chance(0.1));
                loop.schedule(entropy.pick(1, 100, 1000, 3000) * 1_000_000L, () -> {
                    if (of == stores.store()) {
                        onSsd().forEach(device -> device.setFaults(Faults.NONE));
                        stores.recover();
                    }
                });
            }
        });
    }

    private List<SimDevice> onSsd() {
        return devices.subList(0, ON_SSD);
    }

    /** How much of the SSD cannot be what it should be, at most, by what was done to it in all its lives. */
    long damagedBytes() {
        return formerDamageBytes + damagedByDevices() + lostBytes();
    }

    private long damagedByDevices() {
        return devices.stream().mapToLong(SimDevice::damagedBytes).sum();
    }

    /** What the SSD was gone with before it was synced. */
    private long lostBytes() {
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
        stores.stop();
        if (devices.stream().anyMatch(device -> device.inFlight() > 0)) {
            loop.schedule(1_000, () -> close(done));
            return;
        }
        devices.forEach(SimDevice::close);
        stores.close();
        done.run();
    }

    void crash(SystemUnderTest.Crash kind) {
        if (fence != null) {
            fence.end();
            fence = null;
        }
        devices.forEach(SimDevice::kill);
        stores.crash();
        if (kind == SystemUnderTest.Crash.POWER_LOSS) {
            ssdMedium.losePower(entropy);
            stores.logMedium().losePower(entropy);
        }
    }

    /** What the plan has reached, and may hang. */
    List<SimDevice> fallible() {
        return fallible;
    }

    boolean isCommitting() {
        return stores.store().pendingCommits() > 0;
    }

    /** The plan has stopped; what was begun before ends now. */
    void stopFaults() {
        stores.recover();
        devices.forEach(device -> device.setFaults(Faults.NONE));
        devices.forEach(device -> device.setHanging(false));
    }
}
