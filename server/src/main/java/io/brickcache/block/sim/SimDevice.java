package io.brickcache.block.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.RequestRules;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A disk in virtual time, as unpleasant as the contract of {@link BlockDevice} allows: requests complete in any order,
 * take effect at any moment between submit and completion and in several pieces, and what was not flushed may be lost,
 * sector by sector, when the {@link Medium} loses power.
 *
 * <p>It is as strict with its user: misaligned, overlong and twice-submitted requests throw, buffers that are released
 * while a request is in flight throw, and the memory of a READ is overwritten with rubbish at submit.
 */
public final class SimDevice implements BlockDevice {

    private final String name;
    private final SimLoop loop;
    private final Medium medium;
    private final SimDeviceOptions options;
    private final LatencyModel latency;
    private final SeededEntropy entropy;
    private Geometry geometry;
    /** In order of submission, so that a crash treats them in a repeatable order. */
    private final Set<Operation> inFlight = new LinkedHashSet<>();

    /** Submitted while it hung, in order. */
    private final ArrayDeque<IoRequest> held = new ArrayDeque<>();

    private Faults faults;
    private boolean hanging;
    private long damagedBytes;
    private boolean closed;
    private boolean killed;

    /**
     * @param name also names this device's stream of {@code entropy}
     * @param medium what it reads and writes; at most one device at a time is open on it
     */
    public SimDevice(
            String name,
            SimLoop loop,
            Medium medium,
            SimDeviceOptions options,
            LatencyModel latency,
            Faults faults,
            SeededEntropy entropy) {
        this.name = name;
        this.loop = loop;
        this.medium = medium;
        this.options = options;
        this.latency = latency;
        this.faults = faults;
        this.entropy = entropy.split(name);
        this.geometry = new Geometry(
                medium.sizeBytes(),
                medium.sectorBytes(),
                Math.max(options.preferredBytes(), medium.sectorBytes()),
                options.canTrim(),
                options.canFastZero(),
                options.readOnly());
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public long presentBytes() {
        return medium.sizeBytes();
    }

    @Override
    public void grow(long sizeBytes) {
        boolean busy = Stream.concat(inFlight.stream().map(operation -> operation.request), held.stream())
                .anyMatch(request -> request.op() != IoOp.FLUSH);
        if (busy || sizeBytes < geometry.sizeBytes() || sizeBytes > medium.sizeBytes()) {
            throw new IllegalStateException(
                    name + ": grows to " + sizeBytes + " of " + medium.sizeBytes() + " bytes, " + inFlight());
        }
        geometry = geometry.withSize(sizeBytes);
    }

    @Override
    public String name() {
        return name;
    }

    /** Only so much of the medium is there until it grows; before the first request. */
    public void limit(long sizeBytes) {
        geometry = geometry.withSize(sizeBytes);
    }

    /** What goes wrong from now on. */
    public void setFaults(Faults value) {
        faults = value;
    }

    /** While a device hangs it takes requests and does nothing about them; afterwards it does. */
    public void setHanging(boolean value) {
        hanging = value;
        while (!hanging && !held.isEmpty()) {
            begin(held.remove());
        }
    }

    /** Bytes that may hold something else than what was written there and answered OK: an upper bound. */
    public long damagedBytes() {
        return damagedBytes;
    }

    void damaged(long bytes) {
        damagedBytes += bytes;
    }

    /** Requests submitted and not completed. */
    public int inFlight() {
        return inFlight.size() + held.size();
    }

    @Override
    public void submit(IoRequest request) {
        for (Operation operation : inFlight) {
            if (operation.request == request) {
                throw new IllegalStateException(name + ": " + request + " is submitted a second time while in flight");
            }
        }
        if (killed) {
            throw new IllegalStateException(name + ": " + request + " comes from a process that was killed");
        }
        IoStatus refusal = closed ? IoStatus.SHUTDOWN : RequestRules.check(geometry, request);
        if (!refusal.isOk()) {
            if (options.misuse() == Misuse.THROWS && refusal != IoStatus.SHUTDOWN) {
                throw new IllegalArgumentException(name + ": " + request + " is " + refusal + " for " + geometry);
            }
            answerLater(request, refusal);
            return;
        }
        if (hanging) {
            held.add(request);
        } else {
            begin(request);
        }
    }

    private void begin(IoRequest request) {
        Fault fault = faults.next(request);
        if (fault == Fault.HALT) {
            loop.halt();
        }
        IoStatus unsupported = unsupported(request, fault);
        if (!unsupported.isOk()) {
            answerLater(request, unsupported);
            return;
        }
        long latencyNs = latency.latencyNs(request, loop.nowNs());
        if (fault == Fault.SLOW) {
            latencyNs *= Fault.SLOWDOWN;
        }
        Operation operation = new Operation(this, request, fault, loop.nowNs() + latencyNs);
        inFlight.add(operation);
        operation.start(latencyNs);
    }

    private IoStatus unsupported(IoRequest request, Fault fault) {
        boolean refused = switch (request.op()) {
            case WRITE_ZEROES ->
                fault == Fault.NOT_SUPPORTED || request.has(IoRequest.FAST_ZERO) && !geometry.canFastZero();
            case TRIM -> fault == Fault.NOT_SUPPORTED;
            default -> false;
        };
        return refused ? IoStatus.NOT_SUPPORTED : IoStatus.OK;
    }

    private void answerLater(IoRequest request, IoStatus status) {
        loop.execute(() -> {
            if (!killed) {
                request.completed(status);
            }
        });
    }

    SimLoop loop() {
        return loop;
    }

    Medium medium() {
        return medium;
    }

    SeededEntropy entropy() {
        return entropy;
    }

    void finished(Operation operation) {
        inFlight.remove(operation);
    }

    /**
     * The process that uses the device dies. Of the requests in flight, any sectors are done; none is answered. What was
     * written stays in the medium's write cache, and may still be lost by {@link Medium#losePower}.
     */
    public void kill() {
        killed = true;
        for (Operation operation : inFlight) {
            operation.kill();
        }
        inFlight.clear();
        held.clear();
    }

    @Override
    public void close() {
        if (inFlight() > 0 && options.misuse() == Misuse.THROWS) {
            throw new IllegalStateException(name + " is closed with " + inFlight() + " requests in flight");
        }
        closed = true;
    }

    @Override
    public String toString() {
        return name;
    }
}
