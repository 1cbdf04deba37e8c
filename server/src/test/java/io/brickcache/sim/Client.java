package io.brickcache.sim;

import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.env.sim.SimLoop;
import io.brickcache.sim.Connection.Wish;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Submits what the connections wish, keeps the models informed, and checks every answer. */
final class Client {

    private final SimLoop loop;
    private final SystemUnderTest system;
    private final List<DiskModel> models;
    private final ClientMemory memory;
    private final TraceHash trace;
    private final Set<ClientWork> inFlight = new LinkedHashSet<>();

    /** The bricks whose requests may fail. */
    private IntPredicate trouble;

    private boolean onlyTroubled;
    private IoStatus lastStatus = IoStatus.OK;
    private long answered;
    private long promises;
    private int budget;

    Client(
            SimLoop loop,
            SystemUnderTest system,
            List<DiskModel> models,
            ClientMemory memory,
            TraceHash trace,
            IntPredicate trouble) {
        this.loop = loop;
        this.system = system;
        this.models = models;
        this.memory = memory;
        this.trace = trace;
        this.trouble = trouble;
    }

    /** From now on an I/O error is a failure of the run; nothing may be in flight. */
    void expectNoFaults() {
        trouble = brick -> false;
    }

    /** Lets the connections submit {@code requests} requests, all together. */
    void begin(List<Connection> connections, int requests) {
        budget = requests;
        onlyTroubled = connections.stream().allMatch(connection -> trouble.test(connection.brick()));
        for (Connection connection : connections) {
            loop.execute(new Pump(connection));
        }
    }

    /** No request is left to submit or to be answered. */
    boolean isDone() {
        return budget == 0 && inFlight.isEmpty();
    }

    /** The same, but for bricks whose requests may hang. */
    boolean isDoneOutOfTrouble() {
        return (budget == 0 || onlyTroubled) && inFlight.stream().allMatch(request -> trouble.test(request.brick()));
    }

    long answered() {
        return answered;
    }

    /** How the latest answer was. */
    IoStatus lastStatus() {
        return lastStatus;
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
        submitAlone(brick, new Wish(IoOp.READ, offset, length, 0));
    }

    /** Writes a range that begins with a block. */
    void write(int brick, long offset, int length) {
        submitAlone(brick, new Wish(IoOp.WRITE, offset, length, 0));
    }

    /** A FLUSH. */
    void flush(int brick) {
        submitAlone(brick, new Wish(IoOp.FLUSH, 0, 0, 0));
    }

    private void submitAlone(int brick, Wish wish) {
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
        for (ClientWork request : inFlight) {
            request.abandon();
        }
        inFlight.clear();
        memory.forgetWhatIsKept();
    }

    private boolean submit(int brick, Wish wish, @Nullable Pump pump) {
        trace.add(brick * 8L + wish.op().ordinal());
        trace.add(wish.offset() * 31 + wish.length());
        if (wish.op() == IoOp.EXTENTS) {
            ClientExtents extents =
                    new ClientExtents(this, brick, pump, models.get(brick), wish.offset(), wish.length());
            extents.prepareExtents(
                    wish.flags() == 0 ? ExtentsRequest.Context.ALLOCATION : ExtentsRequest.Context.RESIDENCY,
                    wish.offset(),
                    wish.length());
            inFlight.add(extents);
            system.brick(brick).submit(extents);
            return true;
        }
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
        inFlight.add(request);
        request.begin(models.get(brick));
        system.brick(brick).submit(request);
        return true;
    }

    void ended(ClientWork work, IoStatus status) {
        IoRequest request = work.request();
        if (!inFlight.remove(work)) {
            throw new AssertionError(request + " is answered once more, with " + status);
        }
        if (!isExpected(work.brick(), request, status)) {
            throw new AssertionError(request + " is answered " + status);
        }
        answered++;
        lastStatus = status;
        if (request.op() == IoOp.FLUSH || request.op().isMutation() && request.has(IoRequest.FUA)) {
            promises++;
        }
        trace.add(status.ordinal());
        trace.add(loop.nowNs());
    }

    void saw(long contentHash) {
        trace.add(contentHash);
    }

    private boolean isExpected(int brick, IoRequest request, IoStatus status) {
        return switch (status) {
            case OK -> true;
            case IO_ERROR -> trouble.test(brick);
            case NOT_SUPPORTED ->
                request.op() == IoOp.WRITE_ZEROES && request.has(IoRequest.FAST_ZERO)
                        || trouble.test(brick) && (request.op() == IoOp.WRITE_ZEROES || request.op() == IoOp.TRIM);
            case INVALID, BEYOND_END, READ_ONLY, SHUTDOWN -> false;
        };
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
                long brickBytes = system.brick(connection.brick()).geometry().sizeBytes();
                if (!submit(connection.brick(), connection.next(brickBytes), this)) {
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
