package io.brickcache.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoRequest;
import io.brickcache.block.sim.Medium;
import io.brickcache.env.ListenAddress;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import io.brickcache.nbd.NbdConnections;
import io.brickcache.nbd.NbdOptions;
import io.brickcache.nbd.handshake.Export;
import io.brickcache.nbd.handshake.ExportDirectory;
import io.brickcache.sim.wire.SimEventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A system whose bricks are reached over NBD: negotiation, several connections each, bytes cut anywhere, connections that
 * break. The server's handlers are the real ones, on simulated channels.
 */
final class NbdSystem implements SystemUnderTest {

    private static final Duration HANDSHAKE = Duration.ofHours(1);
    private static final int MAX_CONNECTIONS = 64;

    private final Scenario scenario;
    private final SimLoop loop;
    private final SeededEntropy entropy;
    private final SystemUnderTest inner;
    private final ServerMemory memory;
    private final List<NbdBrick> bricks = new ArrayList<>();
    private final Map<String, Export> exports = new HashMap<>();
    private SimEventLoop events;
    private @Nullable NbdConnections running;
    /** Of each cache: in the service each has a loop and memory of its own, which a dead SSD of another cannot keep. */
    private List<BufferPool> pools = List.of();

    private boolean down = true;
    private boolean breaks = true;
    private int awaited;

    /** Systems of which some, as their scenario has it, are reached over NBD. For one thread. */
    static SystemUnderTest.Factory inFrontOf(SystemUnderTest.Factory inner) {
        ServerMemory memory = new ServerMemory();
        return (scenario, loop, entropy) -> {
            SystemUnderTest system = inner.create(scenario, loop, entropy);
            return scenario.front().connections() == 0
                    ? system
                    : new NbdSystem(scenario, loop, entropy.split("nbd"), system, memory);
        };
    }

    private NbdSystem(
            Scenario scenario, SimLoop loop, SeededEntropy entropy, SystemUnderTest inner, ServerMemory memory) {
        this.scenario = scenario;
        this.loop = loop;
        this.entropy = entropy;
        this.inner = inner;
        this.memory = memory;
        this.events = new SimEventLoop(loop);
    }

    @Override
    public void start(Runnable started) {
        inner.start(() -> connect(started));
    }

    private void connect(Runnable started) {
        NbdOptions options = NbdOptions.insecure(ListenAddress.parse("tcp:127.0.0.1:0"))
                .withMaxConnections(MAX_CONNECTIONS)
                .withTimeouts(HANDSHAKE, HANDSHAKE);
        down = false;
        events = new SimEventLoop(loop);
        // What the connections of a disk that hangs may keep is left over (docs/nbd.md), as it is in the service.
        int requests = scenario.trouble().hangs() ? 8 : 2;
        pools = memory.pools(scenario.caches(), requests * (scenario.maxRequestBytes() + scenario.blockBytes()));
        running = new NbdConnections(options, new Directory());
        exports.clear();
        bricks.clear();
        awaited = scenario.bricks() * scenario.front().connections();
        for (int i = 0; i < scenario.bricks(); i++) {
            String name = "front " + i + " " + entropy.nextLong();
            bricks.add(new NbdBrick(this, i, loop, entropy.split(name), new Served(inner.brick(i))));
        }
        for (NbdBrick brick : bricks) {
            brick.connect(scenario.front().connections(), () -> countDown(started));
        }
    }

    private void countDown(Runnable then) {
        if (--awaited == 0) {
            then.run();
        }
    }

    NbdConnections server() {
        return Objects.requireNonNull(running);
    }

    SimEventLoop events() {
        return events;
    }

    /** Probability that a request is followed by the break of a connection. */
    double breakRate() {
        return breaks ? scenario.front().breakRate() : 0;
    }

    /** A connection takes at least so much before it stalls. */
    int minWindowBytes() {
        return Math.max(4096, scenario.maxRequestBytes() / 16);
    }

    /** The connection to an export of its own is over. */
    void forget(String export) {
        exports.remove(export);
    }

    /** The server ends the connection to an export of its own. */
    void disconnect(String export) {
        exports.remove(export);
        var unused = server().disconnect(export);
    }

    @Override
    public BlockDevice brick(int i) {
        return bricks.get(i);
    }

    @Override
    public void flushBrick(int i, Runnable done) {
        inner.flushBrick(i, done);
    }

    @Override
    public void stop(Runnable done) {
        awaited = bricks.size();
        List.copyOf(bricks).forEach(brick -> brick.leave(() -> countDown(() -> stopped(done))));
    }

    private void stopped(Runnable done) {
        if (server().count() != 0 || !server().countByExport().isEmpty()) {
            throw new AssertionError("all have left, and " + server().count() + " connections are still open");
        }
        down = true;
        bricks.clear();
        inner.stop(() -> {
            int used = pools.stream().mapToInt(BufferPool::usedBytes).sum();
            if (used != 0) {
                throw new AssertionError(used + " bytes of the server's memory are in use after the stop");
            }
            done.run();
        });
    }

    @Override
    public void crash(Crash kind) {
        down = true;
        events.crash(() -> bricks.forEach(NbdBrick::crash));
        bricks.clear();
        memory.giveBack();
        inner.crash(kind);
    }

    @Override
    public void checkStructure() {
        inner.checkStructure();
    }

    @Override
    public boolean isLost(int i, long offset, long length) {
        return inner.isLost(i, offset, length);
    }

    @Override
    public void checkClean() {
        inner.checkClean();
    }

    @Override
    public void hang() {
        inner.hang();
    }

    @Override
    public boolean isCommitting() {
        return inner.isCommitting();
    }

    @Override
    public long damagedBytes() {
        return inner.damagedBytes();
    }

    @Override
    public void stopFaults() {
        breaks = false;
        inner.stopFaults();
    }

    @Override
    public Medium disk(int i) {
        return inner.disk(i);
    }

    /** Each connection has a name of its own for the export: so the end of its session can be told from outside. */
    private final class Directory implements ExportDirectory {

        @Override
        public List<Export> list() {
            return List.copyOf(exports.values());
        }

        @Override
        public @Nullable Export find(String name) {
            int brick = Integer.parseInt(name.substring(1, name.indexOf('#')));
            return exports.computeIfAbsent(
                    name,
                    key -> new Export(
                            key, "", bricks.get(brick).served(), pools.get(brick % scenario.caches()), events));
        }
    }

    /** A brick as the server sees it, until the node goes down. */
    private final class Served implements BlockDevice {

        private final BlockDevice brick;

        Served(BlockDevice brick) {
            this.brick = brick;
        }

        @Override
        public Geometry geometry() {
            return brick.geometry();
        }

        @Override
        public void submit(IoRequest request) {
            if (down) {
                return;
            }
            try {
                brick.submit(request);
            } catch (RuntimeException | AssertionError e) {
                // Netty would take it for a failure of the connection.
                loop.execute(() -> {
                    throw e;
                });
            }
        }

        @Override
        public String name() {
            return brick.name();
        }

        @Override
        public void close() {
            brick.close();
        }
    }

    /** The server's buffers; used for one run after the other, because making them takes longer than a run. */
    private static final class ServerMemory {

        private static final int MIN_BYTES = 1 << 20;

        private final Map<Integer, List<BufferPool>> pools = new HashMap<>();

        List<BufferPool> pools(int count, int bytes) {
            int size = Math.max(MIN_BYTES, Integer.highestOneBit(bytes - 1) << 1);
            List<BufferPool> made = pools.computeIfAbsent(size, key -> new ArrayList<>());
            while (made.size() < count) {
                made.add(new BufferPool(size));
            }
            return List.copyOf(made.subList(0, count));
        }

        /** After a crash requests in flight never give their buffers back. */
        void giveBack() {
            pools.values().forEach(made -> made.removeIf(used -> used.usedBytes() != 0));
        }
    }
}
