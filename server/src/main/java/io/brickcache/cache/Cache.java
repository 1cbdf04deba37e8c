package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.LostRanges;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.RegionHeat;
import io.brickcache.cache.index.SlotJournal;
import io.brickcache.cache.index.SlotRecords;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.env.Loop;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One SSD data area, its metadata, and the bricks behind it; a state machine on one loop. {@link #load} may run on any
 * thread before the loop knows the cache; everything else runs on the loop.
 */
public final class Cache {

    /** Memory for demotion, prefetch and zeroes. */
    public static final int SCRATCH_BYTES = 16 << 20;

    /** Memory for merging blocks that are written or read in part. */
    public static final int MERGING_BYTES = 8 << 20;

    /** Memory for reading around, a half of it for one brick at most; nobody waits for it. */
    public static final int AROUND_BYTES = 16 << 20;

    private static final long HEAT_INTERVAL_NS = 60_000_000_000L;

    private final CacheCore core;
    private final CacheRecord record;
    private final int recoveredTick;
    private final List<CachedBrick> bricks = new ArrayList<>();
    private final List<CachedBrick> demoting = new ArrayList<>();
    private final Scrubber scrubber;
    private final BrickRemoval removal;
    private final BrickGrowth growth;
    /** Slots that changed last before the cache was loaded, the newest first. */
    private final int[] latest;

    private @Nullable Consumer<CachedBrick> dirtyListener;

    private Cache(
            CacheRecord record,
            Loop loop,
            BlockDevice ssd,
            MetadataStore store,
            CacheOptions options,
            SlotTable slots,
            SlotJournal journal,
            BlockShape shape,
            PlantedBug bug,
            Heuristics heuristics) {
        this.record = record;
        SsdLayout layout = new SsdLayout(record.uuid(), shape, record.slots());
        this.core = new CacheCore(
                loop,
                ssd,
                layout,
                slots,
                store,
                journal,
                options,
                new BufferPool(SCRATCH_BYTES),
                new BufferPool(MERGING_BYTES),
                new BufferPool(AROUND_BYTES),
                journal.lastEpoch() + 1,
                bug,
                heuristics,
                this::dirtied);
        this.scrubber = new Scrubber(core);
        this.removal = new BrickRemoval(core, this::removed);
        this.growth = new BrickGrowth(core);
        // One before now: no block that becomes dirty from now on can have it.
        this.recoveredTick = core.tick() - 1;
        this.latest = journal.latestLoaded();
    }

    /** What a brick loses. */
    public enum Forget {
        /** What equals the disk, or did. */
        CLEAN,
        /** Everything: what is dirty is lost. */
        ALL
    }

    /**
     * Reads the metadata and builds the index. Blocks.
     *
     * @param metadata as read from {@code store}
     * @param ssd the data area, whose superblock has been checked
     * @param disks the disk of each brick; one that is missing is replaced by a device that answers errors
     * @throws MetadataException if the metadata contradicts itself; nothing has been changed
     */
    public static Cache load(
            CacheMetadata metadata,
            MetadataStore store,
            Loop loop,
            BlockDevice ssd,
            CacheOptions options,
            Function<BrickRecord, BlockDevice> disks)
            throws MetadataException {
        return load(metadata, store, loop, ssd, options, disks, PlantedBug.NONE, Heuristics.DEFAULTS);
    }

    static Cache load(
            CacheMetadata metadata,
            MetadataStore store,
            Loop loop,
            BlockDevice ssd,
            CacheOptions options,
            Function<BrickRecord, BlockDevice> disks,
            PlantedBug bug,
            Heuristics heuristics)
            throws MetadataException {
        CacheRecord record = metadata.cache();
        BlockShape shape = new BlockShape(record.blockBytes());
        SlotTable slots = new SlotTable(record.slots(), shape);
        SlotRecords records = new SlotRecords(slots, shape);
        SlotJournal journal = new SlotJournal(records, record.slots(), heuristics.journal());
        IndexLoader.loadGroups(store, slots, shape);
        if (record.clean() || bug != PlantedBug.SKIPS_JOURNAL_AFTER_CRASH) {
            store.scan(Family.JOURNAL, (key, value) -> records.loadJournal(key, value, journal));
        }
        Cache cache = new Cache(record, loop, ssd, store, options, slots, journal, shape, bug, heuristics);
        for (BrickRecord brick : metadata.bricks()) {
            cache.add(brick, disks.apply(brick));
        }
        if (metadata.scrub() != null) {
            cache.scrubber.load(metadata.scrub());
        }
        store.scan(Family.HEAT, cache::loadHeat);
        IndexLoader.index(cache.core, cache.recoveredTick);
        cache.bricks.forEach(brick -> brick.regret().restored(brick.regions().dirtyBlocks()));
        store.scan(Family.LOST, cache::loadLost);
        cache.bricks.forEach(brick -> brick.lost().forgetWhatIsNotDirty());
        return cache;
    }

    private void loadLost(ByteBuffer key, ByteBuffer value) throws MetadataException {
        CachedBrick brick = core.brick(LostRanges.brickOf(key));
        if (brick == null) {
            throw new MetadataException(
                    Kind.CORRUPT, "lost blocks belong to brick " + LostRanges.brickOf(key) + ", which is not known");
        }
        brick.lost().load(key, value);
    }

    private void loadHeat(ByteBuffer key, ByteBuffer value) {
        int id = RegionHeat.brickOf(key);
        CachedBrick brick = id < 0 ? null : core.brick(id);
        if (brick != null) {
            brick.heat().load(key, value, core.tick());
        }
    }

    /** Who is told, outside the SSD, which bricks are dirty; before {@link #start}. */
    public void tell(DirtyWitness witness) {
        core.committer.tell(new DirtyMarks(core.loop, witness, core.bug, bricks));
    }

    /**
     * Compares a sample of the clean blocks of some bricks with their disks, all at once; changes nothing. Bounded: 256
     * blocks and four seconds a brick.
     */
    public void checkFence(Collection<CachedBrick> compared, Consumer<Map<CachedBrick, FenceVerdict>> done) {
        new FenceCheck(core, compared, record.generation(), done).start(latest);
    }

    /** Marks the cache as open; serves requests when {@code done} has heard OK. */
    public void start(Consumer<IoStatus> done) {
        CacheRecord opened = record.opened();
        core.committer.put(batch -> batch.put(Family.CACHE, CacheRecord.key(), opened.encode()));
        core.committer.commit(done::accept);
        core.committer.putEvery(HEAT_INTERVAL_NS, this::saveHeat);
        core.health.start();
        core.freePool.refill();
    }

    /** Whether the cache takes new content. */
    public CacheHealth health() {
        return core.health.state();
    }

    /** Why the cache is not serving, what is lost, and what to do; empty while it serves. */
    public String healthReason() {
        return core.health.reason();
    }

    /** Who hears, on the loop, that the health has changed. */
    public void onHealth(Consumer<CacheHealth> listener) {
        core.health.onChange(listener);
    }

    /**
     * Attaches a brick: {@code done} hears OK when that is durable; otherwise the brick is gone again. The record has a
     * number that no brick has.
     */
    public CachedBrick attach(BrickRecord brick, BlockDevice disk, Consumer<IoStatus> done) {
        CachedBrick added = add(brick, disk);
        core.committer.put(batch -> batch.put(Family.BRICKS, brick.key(), brick.encode()));
        core.committer.commit(status -> {
            if (!status.isOk()) {
                // What could not be committed is brought again by the next commit: take it back.
                core.committer.put(batch -> batch.delete(Family.BRICKS, brick.key()));
                core.remove(added);
                bricks.remove(added);
                added.close();
            }
            done.accept(status);
        });
        return added;
    }

    private CachedBrick add(BrickRecord record, BlockDevice disk) {
        if (core.brick(record.id()) != null) {
            throw new IllegalArgumentException("brick number " + record.id() + " is taken");
        }
        CachedBrick brick = new CachedBrick(core, record, disk);
        core.add(brick);
        bricks.add(brick);
        return brick;
    }

    /** The lowest free brick number, or -1. */
    public int freeBrickId() {
        for (int id = 0; id < SlotTable.MAX_BRICKS; id++) {
            if (core.brick(id) == null) {
                return id;
            }
        }
        return -1;
    }

    /**
     * Takes a brick out of the cache: waits for its requests, forgets its blocks, syncs its disk. Refused with INVALID,
     * everything as before, while it has dirty blocks. The disk stays open; it is the caller's.
     */
    public void detach(CachedBrick brick, Consumer<IoStatus> done) {
        removal.detach(brick, () -> brick.regions().dirtyBlocks() == 0, done);
    }

    /**
     * As {@link #detach}, and gives up what is lost: the older content of the disk becomes valid there. Right after a flush
     * without clients; refused while something is dirty that is not lost.
     */
    public void detachGivingUpLost(CachedBrick brick, Consumer<IoStatus> done) {
        LostBlocks lost = brick.lost();
        removal.detach(brick, () -> lost.isFull() || brick.regions().dirtyBlocks() == lost.unreadableBlocks(), done);
    }

    /** As {@link #detach}, but what is dirty is given up. */
    public void giveUp(CachedBrick brick, Consumer<IoStatus> done) {
        removal.detach(brick, () -> true, done);
    }

    /** Forgets what the cache has of a brick, durably. Requests that come meanwhile are refused: it has no clients. */
    public void empty(CachedBrick brick, Forget what, Consumer<IoStatus> done) {
        removal.empty(brick, what, done);
    }

    /** Another record for a brick, of the same number and size: its device is a different one now. */
    public void identify(CachedBrick brick, BrickRecord changed, Consumer<IoStatus> done) {
        if (changed.id() != brick.id() || changed.sizeBytes() != brick.record().sizeBytes()) {
            throw new IllegalArgumentException("the record is of another brick");
        }
        core.committer.put(batch -> batch.put(Family.BRICKS, changed.key(), changed.encode()));
        core.committer.commit(status -> {
            if (status.isOk()) {
                brick.identify(changed);
            } else {
                // What could not be committed is brought again by the next commit: take it back.
                core.committer.put(batch -> batch.put(
                        Family.BRICKS, brick.record().key(), brick.record().encode()));
            }
            done.accept(status);
        });
    }

    /**
     * Lets a brick have more of its disk: {@code done} hears OK when that is durable; otherwise the brick is as it was. New
     * requests wait meanwhile.
     *
     * @param sizeBytes not less than the brick has, and not more than its disk
     */
    public void grow(CachedBrick brick, long sizeBytes, Consumer<IoStatus> done) {
        growth.grow(brick, sizeBytes, done);
    }

    private void removed(CachedBrick brick) {
        core.remove(brick);
        bricks.remove(brick);
        brick.close();
    }

    /** Makes everything durable that was answered until now, and the disk of the brick synced. */
    public void commit(CachedBrick brick, Consumer<IoStatus> done) {
        brick.flush(done::accept);
    }

    /**
     * Demotes the dirty blocks of some regions; see {@link DemoteOp}.
     *
     * @param regions in ascending order; kept until the listener is called
     */
    public void demote(CachedBrick brick, int[] regions, DemotionListener listener) {
        demote(brick, regions, DemoteOp.Purpose.DEMOTION, listener);
    }

    /** As {@link #demote}, and tries again what could not be read a short while ago. */
    public void demoteAll(CachedBrick brick, int[] regions, DemotionListener listener) {
        demote(brick, regions, DemoteOp.Purpose.FLUSH, listener);
    }

    private void demote(CachedBrick brick, int[] regions, DemoteOp.Purpose purpose, DemotionListener listener) {
        if (demoting.contains(brick)) {
            throw new IllegalStateException("brick " + brick.name() + " is being demoted already");
        }
        demoting.add(brick);
        brick.unlessHeld(() -> {
            brick.opStarted();
            new DemoteOp(core, brick, regions, purpose, (blocks, skipped, status) -> {
                        demoting.remove(brick);
                        listener.demoted(blocks, skipped, status);
                    })
                    .start();
        });
    }

    /** Stops in order: waits for all requests, commits, syncs the disks, marks the cache as closed. Dirty blocks stay. */
    public void stop(Consumer<IoStatus> done) {
        scrubber.stop(() -> drain(new ArrayList<>(bricks).iterator(), done));
    }

    /** What checks the slots that nobody reads. */
    public Scrubber scrubber() {
        return scrubber;
    }

    private void drain(Iterator<CachedBrick> rest, Consumer<IoStatus> done) {
        if (rest.hasNext()) {
            rest.next().drain(() -> drain(rest, done));
            return;
        }
        new Stop(done).flush();
    }

    /** Syncs the disks, each for itself, then marks the cache as closed. */
    private final class Stop {
        private final Consumer<IoStatus> done;
        private int pending = 1;
        private IoStatus result = IoStatus.OK;

        Stop(Consumer<IoStatus> done) {
            this.done = done;
        }

        void flush() {
            for (CachedBrick brick : bricks) {
                // What went around the cache is in the disk's own cache yet.
                pending++;
                brick.flush(this::flushed);
            }
            flushed(IoStatus.OK);
        }

        private void flushed(IoStatus status) {
            result = result.and(status);
            if (--pending > 0) {
                return;
            }
            bricks.forEach(brick -> brick.awaiting().close());
            CacheRecord closed = record.opened().closed();
            core.committer.put(batch -> batch.put(Family.CACHE, CacheRecord.key(), closed.encode()));
            core.committer.put(Cache.this::saveHeat);
            core.committer.commit(committed -> {
                core.committer.stop();
                if (result.and(committed).isOk()) {
                    core.health.stop(() -> done.accept(IoStatus.OK));
                } else {
                    done.accept(result.and(committed));
                }
            });
        }
    }

    private void saveHeat(MetadataBatch batch) {
        bricks.forEach(brick -> brick.heat().save(batch));
    }

    /** Who hears, on the loop, that a block of a brick became dirty. */
    public void onDirty(Consumer<CachedBrick> listener) {
        dirtyListener = listener;
    }

    private void dirtied(CachedBrick brick) {
        if (dirtyListener != null) {
            dirtyListener.accept(brick);
        }
    }

    public List<CachedBrick> bricks() {
        return List.copyOf(bricks);
    }

    public CacheRecord record() {
        return record;
    }

    public Loop loop() {
        return core.loop;
    }

    /** Tick just before the index was loaded: what is dirty since then has been so for nobody knows how long before. */
    public int recoveredTick() {
        return recoveredTick;
    }

    /** Tenths of a second, wrapping: the unit of {@link io.brickcache.cache.index.DirtyRegions}. */
    public int tick() {
        return core.tick();
    }

    public int slots() {
        return core.slots.slots();
    }

    public long dirtySlots() {
        long dirty = 0;
        for (CachedBrick brick : bricks) {
            dirty += brick.regions().dirtyBlocks();
        }
        return dirty;
    }

    public CacheStats stats() {
        return new CacheStats(
                slots(),
                core.allocator.freeCount(),
                core.committer.pendingRetired(),
                core.mappedSlots(),
                dirtySlots(),
                core.committer.commits(),
                core.committer.failedCommits(),
                core.memoryBytes());
    }

    /** For tests. */
    CacheCore core() {
        return core;
    }

    /**
     * Looks through the whole structure.
     *
     * @param quiet no request and no operation is under way, so that nothing may be left of any
     * @throws IllegalStateException naming the invariant that does not hold
     */
    public void checkStructure(boolean quiet) {
        new StructureCheck(core, bricks).run(quiet);
    }
}
