package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferShare;
import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.DirtyRegions;
import io.brickcache.cache.index.RegionHeat;
import io.brickcache.cache.policy.ReadStreams;
import org.jspecify.annotations.Nullable;

/**
 * A brick behind the cache: a block device of 512-byte sectors, write-back. As large as its record says: the disk may be
 * larger.
 *
 * <p>READ and WRITE are divided into parts of at most 1 MiB that lie in one aligned MiB; their data must lie in the
 * buffer at the same offset modulo the block size as on the brick, with room up to whole blocks on both sides
 * ({@link Geometry#preferredBytes}). The bytes of that room may be overwritten.
 */
public final class CachedBrick implements BlockDevice {

    /** The longest READ or WRITE. */
    public static final int MAX_TRANSFER_BYTES = 32 << 20;

    private final CacheCore core;
    private BrickRecord record;
    private final BlockDevice disk;
    private final DiskSync sync;
    private final AwaitingSync awaiting;
    private Geometry geometry;
    private final BufferShare scratch;
    private final BufferShare merging;
    private final Gates gates = new Gates();
    private final Promotions promotions = new Promotions();
    private final DirtyRegions regions;
    private final RegionHeat heat;
    private final BrickCounters counters = new BrickCounters();
    private final LostBlocks lost;
    private final DiskHead head = new DiskHead();
    private final Neighbourhood neighbourhood;
    private final ReadStreams readStreams = new ReadStreams();
    private final SoleStream soleStream;
    private final DiskRegret regret;
    private final DirtyMarks.Mark mark = new DirtyMarks.Mark();
    private long fullBlocks;

    long cachedBlocks;

    private int running;
    private boolean closing;
    private @Nullable Runnable onDrained;
    private final DemotionPace demotionPace;
    private final RequestHold hold = new RequestHold();
    private final WritesBehind behind;
    private long lastRequestNs;
    private long demotedAtNs;

    CachedBrick(CacheCore core, BrickRecord record, BlockDevice disk) {
        this.core = core;
        this.record = record;
        this.disk = disk;
        this.sync = new DiskSync(disk);
        this.awaiting = new AwaitingSync(core, sync);
        sync.listener(awaiting);
        this.scratch = new BufferShare(core.scratch, Cache.SCRATCH_BYTES / CacheCore.SHARES);
        this.merging = new BufferShare(core.merging, Cache.MERGING_BYTES / CacheCore.SHARES);
        Geometry below = disk.geometry();
        this.geometry = new Geometry(
                record.sizeBytes(),
                512,
                core.shape.blockBytes(),
                below.canTrim(),
                below.canFastZero(),
                below.readOnly());
        this.regions = new DirtyRegions(geometry.sizeBytes(), core.shape);
        this.heat = new RegionHeat(record.id(), regions.regions());
        this.lost = new LostBlocks(core, this);
        this.demotionPace = new DemotionPace(core.heuristics.demotionPortionNs());
        this.soleStream = new SoleStream(core.heuristics.soleStreamBytes());
        this.regret = new DiskRegret(core.heuristics.allowedRegret());
        this.neighbourhood = new Neighbourhood(core, this);
        this.behind = new WritesBehind(this::begin, core.bug);
        this.fullBlocks = geometry.sizeBytes() >> core.shape.blockShift();
        this.lastRequestNs = core.loop.clock().nanoTime();
        this.demotedAtNs = lastRequestNs;
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public String name() {
        return record.name();
    }

    @Override
    public void submit(IoRequest request) {
        if (hold.takes(request)) {
            return;
        }
        IoStatus refusal = validate(request);
        if (!refusal.isOk()) {
            request.completed(refusal);
            return;
        }
        running++;
        lastRequestNs = core.loop.clock().nanoTime();
        if (!behind.delays(request)) {
            begin(request);
        }
    }

    private void begin(IoRequest request) {
        switch (request.op()) {
            case READ -> {
                counters.reads++;
                counters.readBytes += request.length();
                transfer(request);
            }
            case WRITE -> {
                counters.writes++;
                counters.writtenBytes += request.length();
                transfer(request);
            }
            case FLUSH -> {
                counters.flushes++;
                core.takeParts().flush(this, request);
            }
            case TRIM -> {
                counters.trims++;
                if (geometry.canTrim()) {
                    new RangeOp(core, this, request).start();
                } else {
                    answer(request, IoStatus.OK);
                }
            }
            case WRITE_ZEROES -> {
                counters.writeZeroes++;
                regret.asked(request.offset(), request.length());
                new RangeOp(core, this, request).start();
            }
            case CACHE -> {
                regret.asked(request.offset(), request.length());
                new PrefetchOp(core, this, request).start();
            }
            case EXTENTS -> new ExtentsOp(core, this, (ExtentsRequest) request).start();
        }
    }

    /** Makes durable what has been answered until now (R5): first what went to the disk, then what the SSD holds. */
    void flush(CommitListener done) {
        if (core.rescue.awaits(this)) {
            core.rescue.flushWhenSettled(this, done);
        } else if (!needsDiskSync()) {
            commit(done);
        } else {
            int syncFailures = core.rescue.syncFailures();
            sync.sync(status -> {
                if (!status.isOk()) {
                    done.committed(status);
                } else if (syncFailures == core.rescue.syncFailures()) {
                    commit(done);
                } else {
                    // What was settled meanwhile awaits a sync that begins after that.
                    flush(done);
                }
            });
        }
    }

    /** True if clients' writes went to the disk since it was synced last, or records are kept until it is. */
    boolean needsDiskSync() {
        return (sync.isUnsynced() || awaiting.hasObsolete()) && core.bug != PlantedBug.FLUSHES_WITHOUT_DISK_SYNC;
    }

    private void commit(CommitListener done) {
        int syncFailures = core.rescue.syncFailures();
        core.committer.commit(status -> {
            if (!status.isOk() && syncFailures != core.rescue.syncFailures()) {
                // The SSD may have lost what is to be made durable, but it can go to the disk.
                flush(done);
            } else {
                done.committed(status);
            }
        });
    }

    private IoStatus validate(IoRequest request) {
        if (closing) {
            return IoStatus.SHUTDOWN;
        }
        if (request.op() == IoOp.FLUSH) {
            return IoStatus.OK;
        }
        long offset = request.offset();
        long length = request.length();
        if (geometry.readOnly() && request.op().isMutation()) {
            return IoStatus.READ_ONLY;
        }
        if (!geometry.contains(offset, length)) {
            return request.op().isMutation() && offset >= 0 && length > 0 ? IoStatus.BEYOND_END : IoStatus.INVALID;
        }
        if (length == 0 || (offset | length) % 512 != 0) {
            return IoStatus.INVALID;
        }
        if (request.op() == IoOp.WRITE_ZEROES && request.has(IoRequest.FAST_ZERO) && !geometry.canFastZero()) {
            return IoStatus.NOT_SUPPORTED;
        }
        if (request.op() != IoOp.READ && request.op() != IoOp.WRITE) {
            return IoStatus.OK;
        }
        return fitsBuffer(request) ? IoStatus.OK : IoStatus.INVALID;
    }

    private boolean fitsBuffer(IoRequest request) {
        int blockMask = core.shape.blockBytes() - 1;
        int lead = (int) request.offset() & blockMask;
        long end = request.bufferOffset() + request.length();
        return request.length() <= MAX_TRANSFER_BYTES
                && (request.bufferOffset() & blockMask) == lead
                && (end + blockMask & ~(long) blockMask) <= request.buffer().capacity();
    }

    private void transfer(IoRequest request) {
        Parts parts = core.takeParts();
        parts.start(this, request);
        IoBuffer buffer = request.buffer();
        long offset = request.offset();
        long end = offset + request.length();
        boolean read = request.op() == IoOp.READ;
        soleStream.request(offset, request.length());
        regret.asked(offset, request.length());
        boolean stream = read && readStreams.read(offset, request.length()) >= core.heuristics.readStreamBytes();
        WriteOp.Around advice = read ? WriteOp.Around.NO : advice(offset);
        while (offset < end) {
            long partEnd = Math.min(end, (offset | CacheCore.MAX_PART_BYTES - 1) + 1);
            long firstBlock = offset >> core.shape.blockShift();
            long start = firstBlock << core.shape.blockShift();
            int at = request.bufferOffset() + (int) (start - request.offset());
            parts.add();
            running++;
            int from = (int) (offset - start);
            int to = (int) (partEnd - start);
            if (read) {
                ReadOp op = core.takeRead();
                op.part().set(this, parts, buffer, at, firstBlock, from, to);
                op.start(stream);
            } else {
                WriteOp op = core.takeWrite();
                op.part().set(this, parts, buffer, at, firstBlock, from, to);
                op.start(advice);
            }
            offset = partEnd;
        }
        parts.done(IoStatus.OK);
    }

    /** What is better for the disk than to cache a write, if anything is. */
    private WriteOp.Around advice(long offset) {
        boolean full = core.isAboveLowMark();
        regret.weigh(full, regions.dirtyBlocks());
        if (full && soleStream.goesAround(offset, head)) {
            return WriteOp.Around.STREAM;
        }
        return regret.isSparing() ? WriteOp.Around.NO_GAIN : WriteOp.Around.NO;
    }

    /** A request is done. */
    void answer(IoRequest request, IoStatus status) {
        request.completed(status);
        opDone();
    }

    /** An operation on this brick begins that outlives its request; followed by {@link #opDone}. */
    void opStarted() {
        running++;
    }

    /** A request or an operation counted in {@link #running} is done. */
    void opDone() {
        running--;
        if (running == 0) {
            idle();
        }
    }

    private void idle() {
        Runnable next = hold.isOn() ? hold.takeQuiet() : onDrained;
        if (!hold.isOn()) {
            onDrained = null;
        }
        if (next != null) {
            next.run();
        }
    }

    /**
     * Holds back new requests and what begins with {@link #unlessHeld}; {@code quiet} runs when nothing is under way. Until
     * {@link #release}.
     */
    void hold(Runnable quiet) {
        hold.begin(quiet);
        if (running == 0) {
            idle();
        }
    }

    /** Goes on with what was held back. */
    void release() {
        hold.end(this::submit);
        if (running == 0) {
            idle();
        }
    }

    /** Runs now, or when requests are not held back any more; one at a time. */
    void unlessHeld(Runnable work) {
        if (!hold.takes(work)) {
            work.run();
        }
    }

    /**
     * Its disk and its record are larger now. Held, and nothing is under way: what reads or writes the last block counts on
     * its length.
     */
    void grow(BrickRecord larger) {
        record = larger;
        geometry = geometry.withSize(larger.sizeBytes());
        fullBlocks = geometry.sizeBytes() >> core.shape.blockShift();
        regions.grow(geometry.sizeBytes());
        heat.grow(regions.regions());
    }

    /** Refuses new requests; {@code drained} runs when those under way are done. */
    void drain(Runnable drained) {
        closing = true;
        onDrained = drained;
        if (running == 0) {
            idle();
        }
    }

    /** Takes requests again after a {@link #drain}. */
    void resume() {
        closing = false;
    }

    @Override
    public void close() {
        closing = true;
        awaiting.close();
    }

    /**
     * Units that a whole slot of the block holds: fewer in the last block of a brick. A unit of which the brick has only a
     * part (1 KiB, and an odd number of sectors) is never cached: nothing says what the rest of it is.
     */
    public long fullMask(long block) {
        if (block < fullBlocks) {
            return core.shape.fullMask();
        }
        return core.shape.mask(0, (int) (geometry.sizeBytes() - (block << core.shape.blockShift())));
    }

    public BrickRecord record() {
        return record;
    }

    /** Number of the brick in its cache, 0 to 255. */
    public int id() {
        return record.id();
    }

    /** The bare disk; only the engine and the demotion touch it. */
    public BlockDevice disk() {
        return disk;
    }

    /** Where the brick is dirty. */
    public DirtyRegions regions() {
        return regions;
    }

    /** Where the brick is read and written often. */
    public RegionHeat heat() {
        return heat;
    }

    public BrickCounters counters() {
        return counters;
    }

    /** What is on neither device any more; see {@link LostBlocks#add}. */
    public LostBlocks lost() {
        return lost;
    }

    public long cachedBytes() {
        return cachedBlocks << core.shape.blockShift();
    }

    public long dirtyBytes() {
        return regions.dirtyBlocks() << core.shape.blockShift();
    }

    /** As {@link CacheCore#tick}, when the last request of a client came: a look at the clock less. */
    int requestTick() {
        return CacheCore.tickOf(lastRequestNs);
    }

    /** Nanoseconds since the last request of a client. */
    public long idleNs() {
        return core.loop.clock().nanoTime() - lastRequestNs;
    }

    /** True if writes go past the cache for the sake of the disk: demotion would take it away from them. */
    public boolean isBypassed() {
        return soleStream.isAround() || regret.isSparing();
    }

    /** The device is another one now. */
    void identify(BrickRecord changed) {
        record = changed;
    }

    /** As {@link #dirtyBytes}, with what the disk has but the durable metadata still calls dirty. */
    long durablyDirtyBytes() {
        return dirtyBytes() + ((long) awaiting.obsolete() << core.shape.blockShift());
    }

    DirtyMarks.Mark mark() {
        return mark;
    }

    DiskSync sync() {
        return sync;
    }

    /** Memory for demotion, prefetch and zeroes: who holds it may wait for gates and for other operations. */
    BufferShare scratch() {
        return scratch;
    }

    /** Memory for merging: who holds it waits for devices only, so that those with a gate always get some in the end. */
    BufferShare merging() {
        return merging;
    }

    AwaitingSync awaiting() {
        return awaiting;
    }

    /** Demotion of the brick found something to write, or wrote something. */
    void demotionAdvanced() {
        demotedAtNs = core.loop.clock().nanoTime();
    }

    /** When {@link #demotionAdvanced} was called last. */
    long demotedAtNs() {
        return demotedAtNs;
    }

    DemotionPace demotionPace() {
        return demotionPace;
    }

    DiskHead head() {
        return head;
    }

    DiskRegret regret() {
        return regret;
    }

    Neighbourhood neighbourhood() {
        return neighbourhood;
    }

    /** Its writes that are answered and not at rest. */
    WritesBehind behind() {
        return behind;
    }

    Gates gates() {
        return gates;
    }

    Promotions promotions() {
        return promotions;
    }

    /** True while a request or an operation that outlives its request is under way. */
    boolean isBusy() {
        return running > 0;
    }

    boolean isClosing() {
        return closing;
    }

    boolean isQuiet() {
        return running == 0
                && !hold.isOn()
                && gates.isEmpty()
                && behind.isEmpty()
                && promotions.isEmpty()
                && neighbourhood.isQuiet();
    }
}
