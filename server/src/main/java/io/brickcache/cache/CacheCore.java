package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.cache.data.Checksums;
import io.brickcache.cache.data.SlotAllocator;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockMap;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.SlotJournal;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.cache.policy.EvictionPolicy;
import io.brickcache.cache.policy.EvictionPolicy.Arrival;
import io.brickcache.cache.policy.S3Fifo;
import io.brickcache.env.Loop;
import org.jspecify.annotations.Nullable;

/**
 * What the operations of one cache share: the index, the free slots, the committer, the pools. Every change of a mapping
 * goes through {@link #install}, {@link #retire} and {@link #clean}, so that index, policy, dirty regions and epoch never
 * disagree.
 *
 * <p>Invariants (docs/invariants.md): I1 a place has at most one mapped slot; I2 a slot is free in the allocator, or taken
 * by one operation and unmapped, or in the map; I5 a retired slot is freed only by its committed epoch.
 */
final class CacheCore {

    /** No part of a request is longer; bounds the scratch memory and the work between two rounds of the loop. */
    static final int MAX_PART_BYTES = 1 << 20;

    /** A brick may hold one of so many parts of the engine's memory: operations on a disk that hangs keep what they have. */
    static final int SHARES = 4;

    final Loop loop;
    final BlockDevice ssd;
    final MetadataStore store;
    final SsdLayout layout;
    final BlockShape shape;
    final SlotTable slots;
    final BlockMap map;
    final SlotAllocator allocator;
    final EvictionPolicy policy;
    private final EvictableSlots evictable;
    final Checksums checksums;
    final Committer committer;
    final BufferPool scratch;
    final BufferPool merging;
    final BufferPool around;
    final Rescue rescue;
    final HealthWatch health;
    final long commitIntervalNs;
    private final long lowMark;
    final FreePool freePool;
    final WriteBrake brake;
    final EngineIos io;
    final int maxPartBlocks;
    final PlantedBug bug;
    final Heuristics heuristics;

    private final @Nullable CachedBrick[] bricks = new CachedBrick[SlotTable.MAX_BRICKS];
    private final Pool<Parts> parts = new Pool<>(() -> new Parts(this));
    private final Pool<ReadOp> reads = new Pool<>(() -> new ReadOp(this));
    private final Pool<WriteOp> writes = new Pool<>(() -> new WriteOp(this));
    private final Pool<DiskOp> diskOps = new Pool<>(() -> new DiskOp(this));
    private final @Nullable Listener listener;
    /** Slots in the lists of all bricks that await a sync. */
    int awaitingSlots;

    private int mappedSlots;
    private int dirtySlots;

    /** Hears of what the demotion must know. */
    interface Listener {
        /** A block of the brick became dirty. */
        void dirtied(CachedBrick brick);
    }

    CacheCore(
            Loop loop,
            BlockDevice ssd,
            SsdLayout layout,
            SlotTable slots,
            MetadataStore store,
            SlotJournal journal,
            CacheOptions options,
            BufferPool scratch,
            BufferPool merging,
            BufferPool around,
            long firstEpoch,
            PlantedBug bug,
            Heuristics heuristics,
            @Nullable Listener listener) {
        this.bug = bug;
        this.heuristics = heuristics;
        this.loop = loop;
        this.ssd = ssd;
        this.store = store;
        this.layout = layout;
        this.shape = layout.shape();
        this.slots = slots;
        this.scratch = scratch;
        this.merging = merging;
        this.around = around;
        this.listener = listener;
        this.map = new BlockMap(slots);
        this.allocator = new SlotAllocator(slots.slots());
        this.checksums = new Checksums(shape);
        this.evictable = new EvictableSlots(slots, bug);
        this.policy = new S3Fifo(slots.slots(), slots, evictable);
        this.maxPartBlocks = MAX_PART_BYTES / shape.blockBytes();
        this.commitIntervalNs = options.commitIntervalNs();
        this.lowMark = (long) slots.slots() * options.dirtyLowPercent() / 100;
        this.committer = new Committer(
                loop,
                ssd,
                slots,
                store,
                journal,
                options.commitIntervalNs(),
                firstEpoch,
                bug,
                this::release,
                this::syncFailed);
        this.freePool = new FreePool(this);
        this.brake = new WriteBrake(this, options.dirtyHighPercent());
        this.io = new EngineIos(this);
        this.rescue = new Rescue(this);
        this.health = new HealthWatch(this);
    }

    private void syncFailed() {
        if (bug != PlantedBug.TRUSTS_RETRIED_SSD_SYNC) {
            rescue.syncFailed();
            health.syncFailed();
        }
    }

    /** True if slots may be given new content: no dirty data and no copies otherwise. */
    boolean takesSlots() {
        return health.state() == CacheHealth.SERVING;
    }

    /** True if there is room for copies of what the disk gives. */
    boolean copiesReads() {
        return takesSlots() && allocator.freeCount() > freePool.copiesFloor();
    }

    /** True if so much is dirty that demotion is at work. */
    boolean isAboveLowMark() {
        return dirtySlots > lowMark;
    }

    int dirtySlots() {
        return dirtySlots;
    }

    // ---- mappings

    /** The mapped slot of a place, or NONE. */
    int find(CachedBrick brick, long block) {
        return map.find(SlotTable.key(brick.id(), block));
    }

    /** True if no block of the part is mapped. */
    boolean hasNoSlots(Part part) {
        for (long block = part.firstBlock(); block <= part.lastBlock(); block++) {
            if (find(part.brick(), block) != SlotTable.NONE) {
                return false;
            }
        }
        return true;
    }

    /** At start, of a slot from a record: what is where, and dirty since {@code dirtySince} if it is. */
    void countRestored(int slot, int dirtySince) {
        CachedBrick brick = brickOf(slot);
        mappedSlots++;
        brick.cachedBlocks++;
        if (slots.state(slot) == SlotTable.DIRTY) {
            dirtySlots++;
            brick.regions().added(slots.block(slot), dirtySince);
        }
    }

    /** At start, of a slot from a record: the policy hears of it. May run beside {@link #countRestored}. */
    void enterRestored(int slot) {
        CachedBrick brick = brickOf(slot);
        policy.arrived(slot, slots.state(slot) == SlotTable.DIRTY ? Arrival.WRITTEN : Arrival.READ);
        if (brick.heat().isHot(brick.regions().regionOf(slots.block(slot)))) {
            // Twice, so that it is kept when its turn comes.
            policy.accessed(slot);
            policy.accessed(slot);
        }
        enter(slot);
    }

    /**
     * Maps a place to a slot that has been allocated and written; the slot that held the place is retired.
     *
     * @param state CLEAN or DIRTY
     * @param tick now
     * @param why what brings the content; WRITTEN if a client does
     */
    void install(
            CachedBrick brick, long block, int slot, int state, long validMask, int checksum, int tick, Arrival why) {
        int old = find(brick, block);
        boolean wasDirty = old != SlotTable.NONE && slots.state(old) == SlotTable.DIRTY;
        slots.map(slot, brick.id(), block, state, validMask, checksum);
        map.add(slot);
        mappedSlots++;
        brick.cachedBlocks++;
        if (old == SlotTable.NONE) {
            policy.arrived(slot, why);
        } else {
            policy.moved(old, slot, why == Arrival.WRITTEN);
            leave(old);
            forget(old);
        }
        if (state == SlotTable.CLEAN && brick.sync().isUnsynced() && bug != PlantedBug.RECORDS_UNSYNCED_COPIES) {
            // What was read may not be on the platters yet; a durable clean block must equal the disk.
            slots.setVolatile(slot);
            brick.awaiting().add(slot);
        } else {
            committer.wroteSlots();
            committer.changed(slot);
        }
        enter(slot);
        if (state == SlotTable.DIRTY) {
            supersedeObsolete(brick, block, slot);
            if (wasDirty) {
                brick.regions().rewritten(block);
            } else {
                dirtySlots++;
                brick.regions().added(block, tick);
            }
            if (listener != null) {
                listener.dirtied(brick);
            }
        } else {
            freePool.victimAppeared();
            if (wasDirty) {
                throw new IllegalStateException("a clean slot took the place of a dirty one");
            }
        }
    }

    private void enter(int slot) {
        if (evictable.isEvictable(slot)) {
            policy.entered(slot);
        }
    }

    /** A long stream has read the slot. */
    void passed(int slot) {
        if (evictable.isEvictable(slot)) {
            policy.passed(slot);
        }
    }

    private void leave(int slot) {
        if (evictable.isEvictable(slot)) {
            policy.left(slot);
        }
    }

    /** A dirty slot that holds all of its block makes an obsolete one of the block superfluous, disk synced or not. */
    void supersedeObsolete(CachedBrick brick, long block, int slot) {
        if (!brick.awaiting().hasObsolete()) {
            return;
        }
        int obsolete = map.findObsolete(SlotTable.key(brick.id(), block));
        if (obsolete == SlotTable.NONE) {
            return;
        }
        if (slots.validMask(slot) != brick.fullMask(block)) {
            throw new IllegalStateException("a part of block " + block + " was written over an obsolete slot");
        }
        brick.awaiting().retract(obsolete);
        committer.changed(obsolete);
    }

    /** True if a slot that does not hold all of the block cannot become dirty: the rest is not safe on the disk yet. */
    boolean mustWriteAround(CachedBrick brick, long block, long validMask) {
        return brick.awaiting().hasObsolete()
                && validMask != brick.fullMask(block)
                && map.findObsolete(SlotTable.key(brick.id(), block)) != SlotTable.NONE;
    }

    /** Drops the mapping of a clean slot, or of a dirty one that nobody will miss. */
    void retire(int slot) {
        leave(slot);
        if (slots.state(slot) == SlotTable.DIRTY) {
            dirtySlots--;
            brickOf(slot).regions().removed(slots.block(slot));
        }
        forget(slot);
    }

    /** The disk has something newer than a dirty slot, not synced yet (R4). */
    void retireWhenSynced(int slot) {
        if (bug == PlantedBug.FORGETS_DIRTY_WITHOUT_SYNC) {
            retire(slot);
            return;
        }
        CachedBrick brick = brickOf(slot);
        leave(slot);
        dirtySlots--;
        brick.regions().removed(slots.block(slot));
        mappedSlots--;
        brick.cachedBlocks--;
        brick.awaiting().makeObsolete(slot);
        brick.awaiting().add(slot);
    }

    /** The disk was synced after what made the slot obsolete; a newer one may have superseded it since. */
    void settleObsolete(int slot) {
        CachedBrick brick = brickOf(slot);
        if (slots.isObsolete(slot)) {
            brick.awaiting().retract(slot);
        }
        committer.retired(slot);
        brick.lost().doubtChanged();
    }

    /** The disk was synced after the slot was copied from it. */
    void settleVolatile(int slot) {
        slots.settle(slot);
        policy.entered(slot);
        freePool.victimAppeared();
        committer.wroteSlots();
        committer.changed(slot);
    }

    /** The disk could not be synced after the slot was copied from it. */
    void dropVolatile(int slot) {
        slots.settle(slot);
        policy.entered(slot);
        retire(slot);
    }

    private void forget(int slot) {
        mappedSlots--;
        brickOf(slot).cachedBlocks--;
        boolean awaits = slots.isVolatile(slot);
        slots.retire(slot);
        if (awaits) {
            // It has no record; the list that it is in hands it on.
            return;
        }
        if (bug == PlantedBug.FREES_SLOT_WHEN_RETIRED) {
            giveBack(slot);
        } else {
            committer.retired(slot);
        }
    }

    /** As {@link #retire}, of a clean slot among very many. */
    void retireInBulk(int slot) {
        leave(slot);
        mappedSlots--;
        brickOf(slot).cachedBlocks--;
        slots.retire(slot);
        if (bug == PlantedBug.KEEPS_RECORDS_WHEN_SSD_IS_GONE) {
            giveBack(slot);
        } else {
            committer.retiredInBulk(slot);
        }
    }

    private void giveBack(int slot) {
        map.remove(slot);
        slots.free(slot);
        allocator.free(slot);
    }

    /** A demoted slot: the disk has it, synced. */
    void clean(int slot) {
        dirtySlots--;
        brickOf(slot).regions().removed(slots.block(slot));
        boolean entered = evictable.isEvictable(slot);
        slots.clean(slot);
        if (!entered) {
            policy.demoted(slot);
        }
        committer.changed(slot);
        freePool.victimAppeared();
    }

    private void release(Epoch epoch) {
        for (int i = 0; i < epoch.retiredCount; i++) {
            giveBack(epoch.retired[i]);
        }
        if (epoch.retiredCount > 0) {
            freePool.refill();
            brake.eased();
        }
    }

    /** The next sync of each disk on which slots wait is not put off. */
    void hurrySyncs() {
        for (CachedBrick brick : bricks) {
            if (brick != null) {
                brick.awaiting().hurry();
            }
        }
    }

    // ---- checksums

    /** True if the block at {@code at} in the buffer is what the slot should hold. */
    boolean matches(int slot, IoBuffer buffer, int at) {
        return holds(slot, buffer, at) || bug == PlantedBug.SERVES_DAMAGED;
    }

    /** As {@link #matches}, of content that does not come from the slot. */
    boolean holds(int slot, IoBuffer buffer, int at) {
        return checksums.of(buffer, at, slots.validMask(slot)) == slots.checksum(slot);
    }

    /**
     * A slot could not be read, or not rightly. A clean one is dropped: the disk has the content.
     *
     * @return true if the place should be looked up and read again, false if its content is lost
     */
    boolean dropDamaged(CachedBrick brick, long block, int slot) {
        if (find(brick, block) != slot) {
            return true;
        }
        if (slots.state(slot) == SlotTable.DIRTY) {
            return false;
        }
        retire(slot);
        return true;
    }

    // ---- bricks and pools

    void add(CachedBrick brick) {
        bricks[brick.id()] = brick;
    }

    void remove(CachedBrick brick) {
        bricks[brick.id()] = null;
    }

    @Nullable
    CachedBrick brick(int id) {
        return bricks[id];
    }

    CachedBrick brickOf(int slot) {
        CachedBrick brick = bricks[slots.brick(slot)];
        if (brick == null) {
            throw new IllegalStateException("slot " + slot + " belongs to no brick");
        }
        return brick;
    }

    /** True while a client waits for a brick. */
    boolean isAnyBrickBusy() {
        for (CachedBrick brick : bricks) {
            if (brick != null && brick.isBusy()) {
                return true;
            }
        }
        return false;
    }

    /** Tenths of a second, wrapping; only differences count. */
    int tick() {
        return tickOf(loop.clock().nanoTime());
    }

    static int tickOf(long nanoTime) {
        return (int) (nanoTime / 100_000_000L);
    }

    int mappedSlots() {
        return mappedSlots;
    }

    Parts takeParts() {
        return parts.take();
    }

    void recycle(Parts done) {
        parts.give(done);
    }

    ReadOp takeRead() {
        return reads.take();
    }

    void recycle(ReadOp done) {
        reads.give(done);
    }

    WriteOp takeWrite() {
        return writes.take();
    }

    void recycle(WriteOp done) {
        writes.give(done);
    }

    DiskOp takeDiskOp() {
        return diskOps.take();
    }

    void recycle(DiskOp done) {
        diskOps.give(done);
    }

    long memoryBytes() {
        return slots.memoryBytes() + map.memoryBytes() + allocator.memoryBytes() + policy.memoryBytes();
    }
}
