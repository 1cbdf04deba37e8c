package io.brickcache.sim;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.brickcache.block.sim.Fault;
import io.brickcache.block.sim.Medium;
import io.brickcache.env.sim.LivelockException;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.slf4j.LoggerFactory;

/**
 * One run: phases of work, each ended by a crash at a random step or by an orderly stop; then faults cease, everything
 * must finish, and bricks, restarted bricks and at last the bare disks must hold what the model says.
 */
final class SimRun {

    static {
        // Faults by the thousand are the point here; the log would drown the seeds.
        ((Logger) LoggerFactory.getLogger("io.brickcache")).setLevel(Level.OFF);
    }

    /** Virtual time within which everything that is asked must be done. */
    private static final long PATIENCE_NS = 3_600_000_000_000L;

    /** A node of which a device hangs is left alone for so long before it crashes. */
    private static final long HANG_NS = 5_000_000_000L;

    private static final long MAX_STEPS = 5_000_000;
    private static final int CHECK_BYTES = 256 << 10;
    private static final int SECTOR_BYTES = SectorContent.SECTOR_BYTES;

    private final Scenario scenario;
    private final SimLoop loop;
    private final SeededEntropy entropy;
    private final SystemUnderTest system;
    private final History history = new History();
    private final List<DiskModel> models = new ArrayList<>();
    private final TraceHash trace = new TraceHash();
    private final Client client;
    private boolean hangs;
    private int waiting;

    private SimRun(Scenario scenario, SystemUnderTest.Factory factory, ClientMemory memory) {
        this.scenario = scenario;
        entropy = new SeededEntropy(scenario.seed()).split("run");
        loop = new SimLoop(entropy.split("loop"), MAX_STEPS);
        system = factory.create(scenario, loop, entropy.split("system"));
        hangs = scenario.trouble().hangs();
        client = new Client(loop, system, models, memory, trace, scenario::reaches);
    }

    /**
     * Runs the scenario.
     *
     * @param memory of the clients, all free; left so
     * @return a fingerprint of what happened
     * @throws AssertionError if the system did what it must not
     */
    static long run(Scenario scenario, SystemUnderTest.Factory factory, ClientMemory memory) {
        SimRun run = new SimRun(scenario, factory, memory);
        try {
            run.everything();
        } catch (RuntimeException | AssertionError e) {
            String waiting = e instanceof LivelockException ? "; " + run.client.describeInFlight() : "";
            run.abandon(e);
            throw new AssertionError(
                    "after " + run.loop.steps() + " steps, at " + run.loop.nowNs() + " ns: " + e + waiting, e);
        }
        run.trace.add(run.loop.steps());
        return run.trace.value();
    }

    /** Gives back what outlives the run. */
    private void abandon(Throwable failure) {
        client.crash();
        try {
            system.crash(SystemUnderTest.Crash.KILL);
        } catch (RuntimeException | AssertionError e) {
            failure.addSuppressed(e);
        }
    }

    private void everything() {
        for (int brick = 0; brick < scenario.bricks(); brick++) {
            models.add(new DiskModel(brick, scenario.brickBytes().get(brick), history));
            presetContent(brick);
        }
        int crashes = 0;
        while (crashes < scenario.crashes()) {
            if (entropy.chance(0.15) && scenario.trouble().passes()) {
                if (startUnlessCrashed()) {
                    work();
                    awaitWork();
                    stop();
                    continue;
                }
            } else if (startUnlessCrashed()) {
                checkSome();
                work();
                runUntilCrash();
                system.checkStructure();
                crash();
            }
            crashes++;
        }
        finish();
    }

    private void presetContent(int brick) {
        long sectors = scenario.brickBytes().get(brick) / SECTOR_BYTES;
        ByteBuffer content = ByteBuffer.allocate(64 * SECTOR_BYTES);
        DiskModel model = models.get(brick);
        for (int i = entropy.nextInt(16); i > 0; i--) {
            int length = (int) Math.min(sectors, entropy.between(1, 64));
            long first = entropy.nextLong(sectors - length + 1);
            long id = model.preset(first * SECTOR_BYTES, (long) length * SECTOR_BYTES);
            SectorContent.fill(content, 0, length * SECTOR_BYTES, id, brick, first);
            system.disk(brick).preset(first * SECTOR_BYTES, content, 0, length * SECTOR_BYTES);
        }
    }

    /** @return false if the node went down before it was up */
    private boolean startUnlessCrashed() {
        waiting = 1;
        system.start(this::oneDone);
        if (entropy.chance(0.2)) {
            long until = loop.steps() + entropy.nextInt(40);
            loop.runUntil(() -> loop.steps() >= until || waiting == 0);
            if (waiting > 0 || entropy.chance(0.5)) {
                crash();
                return false;
            }
        }
        await(() -> waiting == 0, "the start");
        return true;
    }

    private void work() {
        List<Connection> connections = new ArrayList<>();
        for (int i = 0; i < scenario.connections(); i++) {
            connections.add(new Connection(entropy.split("connection " + entropy.nextLong()), scenario));
        }
        client.begin(connections, scenario.requests());
        int flushed = entropy.nextInt(scenario.bricks());
        if (entropy.chance(0.3) && !(hangs && scenario.reaches(flushed))) {
            flushBrickLater(flushed);
        }
        if (hangs) {
            loop.schedule(entropy.nextLong(20_000_000), this::hang);
        }
    }

    private void hang() {
        if (hangs) {
            system.hang();
        }
    }

    private void flushBrickLater(int brick) {
        waiting++;
        loop.schedule(entropy.nextLong(20_000_000), () -> system.flushBrick(brick, this::oneDone));
    }

    /** Any moment, and in half of the crashes one right after a promise of durability: that is when it is put to test. */
    private void runUntilCrash() {
        long enough = client.answered() + entropy.nextInt(scenario.requests() + 1);
        long endNs = hangs ? loop.nowNs() + HANG_NS : Long.MAX_VALUE;
        runUntilDoneOr(() -> client.answered() >= enough, endNs);
        if (loop.isHalted()) {
            return;
        }
        if (entropy.chance(0.5)) {
            long kept = client.promises() + entropy.between(1, 2);
            runUntilDoneOr(() -> client.promises() >= kept, endNs);
            loop.runUntil(stepsFromNow(entropy.pick(0, 0, 1, 3)));
        } else if (entropy.chance(0.3)) {
            runUntilDoneOr(system::isCommitting, endNs);
            loop.runUntil(stepsFromNow(entropy.nextInt(5)));
        } else {
            loop.runUntil(stepsFromNow(entropy.nextInt(40)));
        }
    }

    private void runUntilDoneOr(BooleanSupplier condition, long endNs) {
        loop.runUntil(() -> condition.getAsBoolean() || client.isDone() || loop.nowNs() > endNs);
    }

    private BooleanSupplier stepsFromNow(int steps) {
        long last = loop.steps() + steps;
        return () -> loop.steps() >= last;
    }

    private void awaitWork() {
        await(() -> client.isDone() && waiting == 0, "the work");
        system.checkStructure();
    }

    private void finish() {
        waiting = 1;
        system.start(this::oneDone);
        await(() -> waiting == 0, "the start");
        if (entropy.chance(0.7)) {
            work();
            if (hangs) {
                await(client::isDoneOutOfTrouble, "the work on bricks that nothing ails");
                system.checkStructure();
            } else {
                awaitWork();
            }
        }
        hangs = false;
        system.stopFaults();
        awaitWork();
        // What nobody waits for, a promotion for one, was submitted before and may still do damage.
        loop.runFor((Fault.SLOWDOWN + 1L) * Math.max(scenario.maxLatencyNs(), scenario.maxDiskLatencyNs()));
        heal();
        client.expectNoFaults();
        work();
        awaitWork();
        checkAll();
        restart();
        checkAll();
        for (int brick = 0; brick < scenario.bricks(); brick++) {
            waiting++;
            system.flushBrick(brick, this::oneDone);
        }
        await(() -> waiting == 0, "writing everything to the disks");
        system.checkClean();
        stop();
        crash(SystemUnderTest.Crash.POWER_LOSS);
        checkDisks();
    }

    /**
     * Faults have ceased; what they did to the SSD has not: a dirty block whose only copy is gone is an error until it is
     * written. No other block may be.
     */
    private void heal() {
        long lostBlocks = 0;
        for (int brick = 0; brick < scenario.bricks(); brick++) {
            long size = size(brick);
            for (long offset = 0; offset < size; offset += CHECK_BYTES) {
                int length = (int) Math.min(CHECK_BYTES, size - offset);
                if (!isReadable(brick, offset, length)) {
                    lostBlocks += healBlocks(brick, offset, length);
                }
            }
        }
        for (int brick = 0; brick < scenario.bricks(); brick++) {
            hearOfLosses(brick);
        }
        long damagedBlocks = 2 * system.damagedBytes() / scenario.blockBytes();
        if (lostBlocks > damagedBlocks) {
            throw new AssertionError(
                    lostBlocks + " blocks cannot be read, and the SSD damaged " + damagedBlocks + " at most");
        }
    }

    /** What the SSD lost before it was synced is told to one FLUSH, not to those after it. */
    private void hearOfLosses(int brick) {
        for (int tries = 0; tries == 0 || !client.lastStatus().isOk(); tries++) {
            if (tries > 1) {
                throw new AssertionError("brick b" + brick + " cannot be flushed although faults have ceased");
            }
            client.flush(brick);
            await(client::isDone, "a flush");
        }
    }

    private long healBlocks(int brick, long from, int bytes) {
        long lostBlocks = 0;
        for (long offset = from; offset < from + bytes; offset += scenario.blockBytes()) {
            int length = (int) Math.min(scenario.blockBytes(), from + bytes - offset);
            if (!isReadable(brick, offset, length)) {
                lostBlocks++;
                if (!system.isLost(brick, offset, length)) {
                    throw new AssertionError(
                            "block at " + offset + " of brick b" + brick + " cannot be read and is not listed as lost");
                }
                client.write(brick, offset, length);
                await(client::isDone, "writing a lost block anew");
                if (!client.lastStatus().isOk() || !isReadable(brick, offset, length)) {
                    throw new AssertionError("block at " + offset + " of brick b" + brick + " cannot be written anew");
                }
            }
        }
        return lostBlocks;
    }

    private boolean isReadable(int brick, long offset, int length) {
        client.read(brick, offset, length);
        await(client::isDone, "reading everything back");
        return client.lastStatus().isOk();
    }

    private void restart() {
        system.checkStructure();
        stop();
        waiting = 1;
        system.start(this::oneDone);
        await(() -> waiting == 0, "the start");
    }

    /** In half of the cases the power goes once all is down. */
    private void stop() {
        List<Long> stopped = models.stream().map(DiskModel::submitFlush).toList();
        waiting = 1;
        system.stop(this::oneDone);
        await(() -> waiting == 0, "the stop");
        for (int brick = 0; brick < scenario.bricks(); brick++) {
            models.get(brick).flushAnswered(stopped.get(brick));
        }
        client.checkMemoryIsBack();
        if (entropy.chance(0.5)) {
            crash(SystemUnderTest.Crash.POWER_LOSS);
        }
    }

    private void crash() {
        crash(entropy.chance(0.7) ? SystemUnderTest.Crash.POWER_LOSS : SystemUnderTest.Crash.KILL);
    }

    private void crash(SystemUnderTest.Crash kind) {
        system.crash(kind);
        loop.discardAll();
        client.crash();
        models.forEach(DiskModel::crash);
        trace.add(loop.steps());
        waiting = 0;
    }

    private void oneDone() {
        if (--waiting < 0) {
            throw new AssertionError("start, stop or flush of a brick reported its end twice");
        }
    }

    /** After a restart: nothing, everything, or something is looked at before work goes on. */
    private void checkSome() {
        double share = entropy.pick(0.0, 0.3, 1.0, 1.0);
        for (int brick = 0; brick < scenario.bricks(); brick++) {
            checkBrick(brick, share);
        }
    }

    private void checkAll() {
        for (int brick = 0; brick < scenario.bricks(); brick++) {
            checkBrick(brick, 1);
        }
    }

    /** Of the brick now; it may not have grown to its full size yet. */
    private long size(int brick) {
        return system.brick(brick).geometry().sizeBytes();
    }

    private void checkBrick(int brick, double share) {
        long size = size(brick);
        for (long offset = 0; offset < size; offset += CHECK_BYTES) {
            if (share == 1 || entropy.chance(share)) {
                client.read(brick, offset, (int) Math.min(CHECK_BYTES, size - offset));
                await(client::isDone, "reading everything back");
            }
        }
    }

    private void checkDisks() {
        for (DiskModel model : models) {
            Medium disk = system.disk(model.brick());
            for (long offset = 0; offset < disk.sizeBytes(); offset += CHECK_BYTES) {
                checkDisk(model, offset, (int) Math.min(CHECK_BYTES, disk.sizeBytes() - offset));
            }
        }
    }

    /** What was lost on the SSD is on no disk. */
    private void checkDisk(DiskModel model, long offset, int length) {
        if (!system.isLost(model.brick(), offset, length)) {
            ByteBuffer memory = ByteBuffer.allocate(length);
            system.disk(model.brick()).read(offset, length, memory, 0);
            trace.add(model.readAnswered(model.submitRead(offset, length), memory, 0));
        } else if (length > SECTOR_BYTES) {
            int half = length / SECTOR_BYTES / 2 * SECTOR_BYTES;
            checkDisk(model, offset, half);
            checkDisk(model, offset + half, length - half);
        }
    }

    /** Runs until it is so; a crash halt that a fault asks for is not taken here. */
    private void await(BooleanSupplier condition, String what) {
        long deadlineNs = loop.nowNs() + PATIENCE_NS;
        boolean met;
        do {
            met = loop.runUntil(() -> condition.getAsBoolean() || loop.nowNs() > deadlineNs);
        } while (!met && loop.isHalted());
        if (!condition.getAsBoolean()) {
            throw new AssertionError(what + " does not come to an end; waited "
                    + (loop.nowNs() - deadlineNs + PATIENCE_NS) / 1_000_000 + " ms; "
                    + (loop.isIdle() ? "nothing left to run; " : "") + client.describeInFlight());
        }
    }
}
