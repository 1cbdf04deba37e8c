package io.brickcache.block;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Lets a device of 4096-byte sectors be used with offsets, lengths and memory aligned to 512.
 *
 * <p>A request that the device can take as it is passes straight through. Of the others, sectors covered in part are
 * read, changed and written back through scratch memory, and what lies in memory that is not aligned to 4096 is copied
 * through it. TRIM is shrunk to whole sectors.
 *
 * <p>Of two writes in flight that touch different parts of the same 4096-byte sector the later one waits: it would write back
 * what the other replaced. Writes of the same bytes must not be in flight at once.
 *
 * <p>The scratch memory is {@value #SCRATCH_BYTES} bytes of its own, so that it never waits for memory of requests that
 * wait for it. A request holds one piece of it at a time and meanwhile waits for the device only: no deadlock.
 */
public final class SectorAdapter implements BlockDevice {

    /** All scratch memory of one adapter. */
    static final int SCRATCH_BYTES = 256 << 10;

    private static final int SMALL_SECTOR = 512;

    private final BlockDevice below;
    private Geometry geometry;
    private final BufferPool scratch;
    private final Deque<PartialRequest> idle = new ArrayDeque<>();
    /** Mutations that read, change and write back sectors, in order of arrival; those that wait for others, too. */
    private final List<PartialRequest> changing = new ArrayList<>();

    private int active;
    private boolean closed;
    private boolean released;

    private SectorAdapter(BlockDevice below, Geometry geometry, BufferPool scratch) {
        this.below = below;
        this.geometry = geometry;
        this.scratch = scratch;
    }

    /** The device itself if its sectors are of 512 bytes already, else adapted; it belongs to the adapter then. */
    public static BlockDevice of(BlockDevice device) {
        Geometry own = device.geometry();
        if (own.sectorBytes() == SMALL_SECTOR) {
            return device;
        }
        Geometry adapted = new Geometry(
                own.sizeBytes(), SMALL_SECTOR, own.preferredBytes(), own.canTrim(), own.canFastZero(), own.readOnly());
        return new SectorAdapter(device, adapted, new BufferPool(SCRATCH_BYTES));
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public String name() {
        return below.name();
    }

    @Override
    public long presentBytes() {
        return below.presentBytes();
    }

    @Override
    public void grow(long sizeBytes) {
        below.grow(sizeBytes);
        geometry = geometry.withSize(sizeBytes);
    }

    @Override
    public void submit(IoRequest request) {
        IoStatus status = closed ? IoStatus.SHUTDOWN : RequestRules.check(geometry, request);
        if (!status.isOk()) {
            request.completed(status);
        } else if (RequestRules.check(below.geometry(), request).isOk()) {
            below.submit(request);
        } else if (request.has(IoRequest.FAST_ZERO) && !geometry.canFastZero()) {
            request.completed(IoStatus.NOT_SUPPORTED);
        } else {
            active++;
            PartialRequest partial = idle.poll();
            if (partial == null) {
                partial = new PartialRequest(this, below, scratch);
            }
            partial.take(request);
            if (!request.op().isMutation()) {
                partial.start();
                return;
            }
            changing.add(partial);
            startIfFree(partial);
        }
    }

    private void startIfFree(PartialRequest partial) {
        for (int i = 0; i < changing.size(); i++) {
            PartialRequest before = changing.get(i);
            if (before == partial) {
                partial.start();
                return;
            }
            if (before.sharesSector(partial)) {
                return;
            }
        }
    }

    /** Requests submitted before are still executed. */
    @Override
    public void close() {
        closed = true;
        closeBelowWhenIdle();
    }

    void finished(PartialRequest partial, IoRequest request, IoStatus status) {
        boolean changed = changing.remove(partial);
        idle.push(partial);
        active--;
        request.completed(status);
        if (changed) {
            startWaiting();
        }
        closeBelowWhenIdle();
    }

    private void startWaiting() {
        // One that ends at once changes the list, and starts those behind it.
        for (int i = 0; i < changing.size(); i++) {
            PartialRequest waiting = changing.get(i);
            if (!waiting.isStarted()) {
                startIfFree(waiting);
            }
        }
    }

    private void closeBelowWhenIdle() {
        if (closed && active == 0 && !released) {
            released = true;
            below.close();
        }
    }
}
