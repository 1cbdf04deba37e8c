package io.brickcache.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.Faults;
import io.brickcache.block.sim.LatencyModel;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.Misuse;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.block.sim.SimDeviceOptions;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.util.ArrayList;
import java.util.List;

/** No cache at all: every brick is a simulated disk. It must pass, and systems with planted bugs are made from it. */
class PassThroughSystem implements SystemUnderTest {

    private final Scenario scenario;
    private final SimLoop loop;
    private final SeededEntropy entropy;
    private final SimDeviceOptions options;
    private final List<Medium> media = new ArrayList<>();
    private final List<SimDevice> disks = new ArrayList<>();
    private final List<BlockDevice> bricks = new ArrayList<>();
    private final FaultPlan plan;

    PassThroughSystem(Scenario scenario, SimLoop loop, SeededEntropy entropy) {
        this.scenario = scenario;
        this.loop = loop;
        this.entropy = entropy;
        this.plan = new FaultPlan(scenario);
        this.options = new SimDeviceOptions(4096, entropy.chance(0.5), entropy.chance(0.5), false, Misuse.THROWS);
        scenario.brickBytes().forEach(size -> media.add(new Medium(size, SectorContent.SECTOR_BYTES)));
    }

    /** A place for a bug. */
    BlockDevice wrap(int brick, SimDevice disk) {
        return disk;
    }

    final SimLoop loop() {
        return loop;
    }

    final SeededEntropy entropy() {
        return entropy;
    }

    final int scenarioBricks() {
        return disks.size();
    }

    final BlockDevice diskDevice(int i) {
        return disks.get(i);
    }

    @Override
    public void start(Runnable started) {
        disks.clear();
        bricks.clear();
        for (int i = 0; i < media.size(); i++) {
            SeededEntropy own = entropy.split("disk " + entropy.nextLong());
            LatencyModel latency = LatencyModel.random(own.split("latency"), 1_000, scenario.maxDiskLatencyNs());
            SimDevice disk = new SimDevice("b" + i, loop, media.get(i), options, latency, plan.ofDisk(i, own), own);
            disks.add(disk);
            bricks.add(wrap(i, disk));
        }
        loop.execute(started);
    }

    @Override
    public BlockDevice brick(int i) {
        return bricks.get(i);
    }

    @Override
    public void flushBrick(int i, Runnable done) {
        if (plan.reachesDisk(i)) {
            // A disk that is dead never will.
            loop.execute(done);
        } else {
            syncDisk(i, done);
        }
    }

    private void syncDisk(int i, Runnable done) {
        IoRequest flush = new IoRequest() {
            @Override
            public void completed(IoStatus status) {
                if (status.isOk()) {
                    done.run();
                } else {
                    syncDisk(i, done);
                }
            }
        };
        flush.prepareFlush();
        disks.get(i).submit(flush);
    }

    @Override
    public void stop(Runnable done) {
        stopFrom(0, done);
    }

    private void stopFrom(int i, Runnable done) {
        if (i < disks.size()) {
            syncDisk(i, () -> stopFrom(i + 1, done));
        } else {
            bricks.forEach(BlockDevice::close);
            done.run();
        }
    }

    @Override
    public void crash(Crash kind) {
        disks.forEach(SimDevice::kill);
        if (kind == Crash.POWER_LOSS) {
            media.forEach(medium -> medium.losePower(entropy));
        }
    }

    @Override
    public void checkStructure() {
        // A bare disk has none.
    }

    @Override
    public void checkClean() {
        // A bare disk is never dirty.
    }

    @Override
    public void hang() {
        for (int i = 0; i < disks.size(); i++) {
            disks.get(i).setHanging(plan.reachesDisk(i));
        }
    }

    @Override
    public boolean isCommitting() {
        return false;
    }

    @Override
    public long damagedBytes() {
        return 0;
    }

    @Override
    public void stopFaults() {
        plan.stop();
        disks.forEach(disk -> disk.setFaults(Faults.NONE));
        disks.forEach(disk -> disk.setHanging(false));
    }

    @Override
    public Medium disk(int i) {
        return media.get(i);
    }
}
