package io.brickcache.sim;

import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.env.sim.SimLoop;
import io.brickcache.sim.Connection.Wish;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Submits what the connections wish, keeps the models informed, and checks every answer. */
final class Client {

    private final SimLoop loop;
    private final SystemUnderTest system;
    private final List<DiskModel> models;
    private final ClientMemory memory;
    private final TraceHash trace;
    private final Set<ClientRequest> inFlight = new LinkedHashSet<>();

    private final boolean damageExpected;
    private boolean faultsExpected;
    private long answered;
    private long promises;
    private int budget;

    Client(
            SimLoop loop,
            SystemUnderTest system,
            List<DiskModel> models,
            ClientMemory memory,
            TraceHash trace,
            boolean faultsExpected) {
        this.loop = loop;
        this.system = system;
        this.models = models;
        this.memory = memory;
        this.trace = trace;
        this.faultsExpected = faultsExpected;
        this.damageExpected = faultsExpected;
    }

    /** From now on an I/O error is a failure of the run; nothing may be in flight. */
    void expectNoFaults() {
        faultsExpected = false;
    }

    /** Lets the connections submit {@code requests} requests, all together. */
    void begin(List<Connection> connections, int requests) {
        budget = requests;
        for (Connection connection : connections) {
            loop.execute(new Pump(connection));
        }
    }

    /** No request is left to submit or to be answered. */
    boolean isDone() {
        return budget == 0 && inFlight.isEmpty();
    }

    long answered() {
        return answered;
    }

    /** Answers so far that made something durable. */
    long promises() {
        return promises;
    }

    /** For the message when they are never answered. */
    String describeInFlight() {
        return inFlight.size() + " requests in flight: " + inFlight;
    }

    /** Reads a range and checks it; the answer counts as one of the workload's. */
    void read(int brick, long offset, int length) {
        Wish wish = new Wish(IoOp.READ, offset, length, 0);
        if (!submit(brick, wish, null)) {
            throw new IllegalStateException("no memory for " + wish);
        }
    }

    /** The node stopped in order. */
    void checkMemoryIsBack() {
        memory.checkAllIsBack();
    }

    /** The node crashed: nothing in flight will be answered. */
    void crash() {
        budget = 0;
        for (ClientRequest request : inFlight) {
            request.abandon();
        }
        inFlight.clear();
        memory.forgetWhatIsKept();
    }

    private boolean submit(int brick, Wish wish, @Nullable Pump pump) {
        ClientRequest request = new ClientRequest(this, brick, pump);
        if (wish.op() == IoOp.READ || wish.op() == IoOp.WRITE) {
            int preferredBytes = system.brick(brick).geometry().preferredBytes();
            int before = (int) (wish.offset() % preferredBytes);
            int bytes = (int) ((before + wish.length() + preferredBytes - 1) / preferredBytes * preferredBytes);
            IoBuffer buffer = memory.tryAllocate(bytes);
            if (buffer == null) {
                return false;
            }
            request.prepare(wish.op(), wish.offset(), (int) wish.length(), wish.flags(), buffer, before);
        } else {
            request.prepare(wish.op(), wish.offset(), wish.length(), wish.flags());
        }
        trace.add(brick * 8L + wish.op().ordinal());
        trace.add(wish.offset() * 31 + wish.length());
        inFlight.forEach(request::meets);
        inFlight.add(request);
        request.begin(models.get(brick));
        system.brick(brick).submit(request);
        return true;
    }

    void ended(ClientRequest request, IoStatus status) {
        if (!inFlight.remove(request)) {
            throw new AssertionError(request + " is answered once more, with " + status);
        }
        if (!isExpected(request, status)) {
            throw new AssertionError(request + " is answered " + status);
        }
        answered++;
        if (request.op() == IoOp.FLUSH || request.op().isMutation() && request.has(ClientRequest.FUA)) {
            promises++;
        }
        trace.add(status.ordinal());
        trace.add(loop.nowNs());
    }

    void saw(long contentHash) {
        trace.add(contentHash);
    }

    private boolean isExpected(ClientRequest request, IoStatus status) {
        return switch (status) {
            case OK -> true;
            case IO_ERROR -> faultsExpected || isLost(request);
            case NOT_SUPPORTED ->
                request.op() == IoOp.WRITE_ZEROES && request.has(ClientRequest.FAST_ZERO)
                        || faultsExpected && (request.op() == IoOp.WRITE_ZEROES || request.op() == IoOp.TRIM);
            case INVALID, BEYOND_END, READ_ONLY, SHUTDOWN -> false;
        };
    }

    /**
     * What a damaged SSD cannot give back is an error, if the system says that it knows; a write may have ended it before the
     * answer.
     */
    private boolean isLost(ClientRequest request) {
        return (request.op() == IoOp.READ || request.op() == IoOp.CACHE)
                && (system.isLost(request.brick(), request.offset(), request.length())
                        || damageExpected && request.hasMetMutation());
    }

    /** Keeps one connection busy. */
    final class Pump implements Runnable {

        private final Connection connection;
        private int underWay;
        private boolean pausing;
        private boolean running;

        Pump(Connection connection) {
            this.connection = connection;
        }

        /** Submits up to the connection's depth. Answers that come before submit returns do not come here again. */
        @Override
        public void run() {
            if (running) {
                return;
            }
            running = true;
            pausing = false;
            int depth = connection.depthNow();
            while (budget > 0 && underWay < depth) {
                underWay++;
                if (!submit(connection.brick(), connection.next(), this)) {
                    underWay--;
                    if (underWay == 0) {
                        pause(1_000);
                    }
                    break;
                }
                budget--;
            }
            running = false;
        }

        void oneEnded() {
            underWay--;
            long pauseNs = connection.pauseNs();
            if (pauseNs == 0) {
                run();
            }
            if (!running && underWay == 0 && budget > 0) {
                pause(pauseNs);
            }
        }

        private void pause(long pauseNs) {
            if (!pausing) {
                pausing = true;
                loop.schedule(pauseNs, this);
            }
        }
    }
}
