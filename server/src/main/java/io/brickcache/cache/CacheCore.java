package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.data.Checksums;
import io.brickcache.cache.data.SlotAllocator;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockMap;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.SlotJournal;
import io.brickcache.cache.index.SlotTable;
import io.brickcache.cache.policy.EvictionPolicy;
import io.brickcache.cache.policy.S3Fifo;
import io.brickcache.env.Loop;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the operations of one cache share: the index, the free slots, the committer, the pools. Every change of a mapping
 * goes through {@link #install}, {@link #retire} and {@link #clean}, so that index, policy, dirty regions and epoch never
 * disagree.
 *
 * <p>Invariants (docs/invariants.md): I1 a place has at most one mapped slot; I2 a slot is free in the allocator, or taken
 * by one operation and unmapped, or in the map; I5 a retired slot is freed only by its committed epoch.
 */
final class CacheCore implements EvictionPolicy.Slots, EngineIo.Pool {

    /** No part of a request is longer; bounds the scratch memory and the work between two rounds of the loop. */
    static final int MAX_PART_BYTES = 1 << 20;

    /** A brick may hold one of so many parts of the engine's memory: operations on a disk that hangs keep what they have. */
    static final int SHARES = 4;

    /** Searches for a victim in one go that may find none: bounds the time the loop is kept; the next call goes on. */
    private static final int MAX_SEARCHES = 8;

    final Loop loop;
    final BlockDevice ssd;
    final MetadataStore store;
    final SsdLayout layout;
    final BlockShape shape;
    final SlotTable slots;
    final BlockMap map;
    final SlotAllocator allocator;
    final EvictionPolicy policy;
    final Checksums checksums;
    final Committer committer;
    final BufferPool scratch;
    final BufferPool merging;
    final Rescue rescue;
    final HealthWatch health;
    final long commitIntervalNs;
    final int freeTarget;
    final int maxPartBlocks;
    final PlantedBug bug;

    private final @Nullable CachedBrick[] bricks = new CachedBrick[SlotTable.MAX_BRICKS];
    private final Pool<EngineIo> ios = new Pool<>(() -> new EngineIo(this));
    private final Pool<Parts> parts = new Pool<>(() -> new Parts(this));
    private final Pool<ReadOp> reads = new Pool<>(() -> new ReadOp(this));
    private final Pool<WriteOp> writes = new Pool<>(() -> new WriteOp(this));
    private final Pool<DiskOp> diskOps = new Pool<>(() -> new DiskOp(this));
    private final @Nullable Listener listener;
    /** Slots in the lists of all bricks that await a sync. */
    int awaitingSlots;

    private int mappedSlots;
    /** Searches for a victim that found none since the last change for the better. */
    private int fruitlessSearches;

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
            long firstEpoch,
            PlantedBug bug,
            @Nullable Listener listener) {
        this.bug = bug;
        this.loop = loop;
        this.ssd = ssd;
        this.store = store;
        this.layout = layout;
        this.shape = layout.shape();
        this.slots = slots;
        this.scratch = scratch;
        this.merging = merging;
        this.listener = listener;
        this.map = new BlockMap(slots);
        this.allocator = new SlotAllocator(slots.slots());
        this.checksums = new Checksums(shape);
        this.policy = new S3Fifo(slots.slots(), slots, this);
        this.maxPartBlocks = MAX_PART_BYTES / shape.blockBytes();
        this.commitIntervalNs = options.commitIntervalNs();
        this.freeTarget = Math.min(1 << 16, Math.max(Math.min(8, slots.slots() / 4), slots.slots() / 32));
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

    // ---- mappings

    /** The mapped slot of a place, or NONE. */
    int find(CachedBrick brick, long block) {
        return map.find(SlotTable.key(brick.id(), block));
    }

    /** Takes a slot from a record at start; if it is dirty, it has been since {@code dirtySince}. */
    void restore(int slot, int dirtySince) {
        CachedBrick brick = brickOf(slot);
        map.add(slot);
        mappedSlots++;
        brick.cachedBlocks++;
        if (slots.state(slot) == SlotTable.DIRTY) {
            brick.regions().added(slots.block(slot), dirtySince);
        }
        policy.inserted(slot);
        if (brick.heat().isHot(brick.regions().regionOf(slots.block(slot)))) {
            // Twice, so that it is kept when its turn comes.
            policy.accessed(slot);
            policy.accessed(slot);
        }
    }

    /**
     * Maps a place to a slot that has been allocated and written; the slot that held the place is retired.
     *
     * @param state CLEAN or DIRTY
     */
    void install(CachedBrick brick, long block, int slot, int state, long validMask, int checksum) {
        int old = find(brick, block);
        boolean wasDirty = old != SlotTable.NONE && slots.state(old) == SlotTable.DIRTY;
        slots.map(slot, brick.id(), block, state, validMask, checksum);
        map.add(slot);
        mappedSlots++;
        brick.cachedBlocks++;
        if (old == SlotTable.NONE) {
            policy.inserted(slot);
        } else {
            policy.moved(old, slot);
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
        if (state == SlotTable.DIRTY) {
            supersedeObsolete(brick, block, slot);
            if (wasDirty) {
                brick.regions().rewritten(block, tick());
            } else {
                brick.regions().added(block, tick());
            }
            if (listener != null) {
                listener.dirtied(brick);
            }
        } else {
            fruitlessSearches = 0;
            if (wasDirty) {
                throw new IllegalStateException("a clean slot took the place of a dirty one");
            }
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
        slots.settle(obsolete);
        brick.awaiting().superseded();
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
        policy.removed(slot);
        if (slots.state(slot) == SlotTable.DIRTY) {
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
        policy.removed(slot);
        brick.regions().removed(slots.block(slot));
        mappedSlots--;
        brick.cachedBlocks--;
        slots.obsolete(slot);
        brick.awaiting().add(slot);
    }

    /** The disk was synced after what made the slot obsolete. */
    void settleObsolete(int slot) {
        slots.settle(slot);
        committer.retired(slot);
    }

    /** The disk was synced after the slot was copied from it. */
    void settleVolatile(int slot) {
        slots.settle(slot);
        committer.wroteSlots();
        committer.changed(slot);
    }

    /** The disk could not be synced after the slot was copied from it. */
    void dropVolatile(int slot) {
        slots.settle(slot);
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
        policy.removed(slot);
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
        brickOf(slot).regions().removed(slots.block(slot));
        slots.clean(slot);
        committer.changed(slot);
        fruitlessSearches = 0;
    }

    private void release(Epoch epoch) {
        for (int i = 0; i < epoch.retiredCount; i++) {
            giveBack(epoch.retired[i]);
        }
        if (epoch.retiredCount > 0) {
            keepFree();
        }
    }

    // ---- free slots

    /** Takes up to {@code wanted} free slots in a row; see {@link SlotAllocator#allocateRun}. */
    long allocateRun(int wanted) {
        return allocator.allocateRun(wanted);
    }

    /** Evicts ahead of need (R2), and asks for the commit that makes the evicted slots free. */
    void keepFree() {
        int free = allocator.freeCount();
        if (free >= freeTarget || !takesSlots()) {
            return;
        }
        int coming = committer.pendingRetired();
        int missing = freeTarget - free - coming;
        int searches = 0;
        while (missing > 0 && searches < MAX_SEARCHES && fruitlessSearches < maxFruitlessSearches()) {
            int victim = policy.victim();
            if (victim < 0) {
                searches++;
                fruitlessSearches++;
                continue;
            }
            fruitlessSearches = 0;
            brickOf(victim).counters().evictedBlocks++;
            retire(victim);
            coming++;
            missing--;
        }
        if (free <= freeTarget / 2) {
            if (coming > 0) {
                committer.request();
            }
            if (awaitingSlots > 0) {
                hurrySyncs();
            }
        }
    }

    private void hurrySyncs() {
        for (CachedBrick brick : bricks) {
            if (brick != null) {
                brick.awaiting().hurry();
            }
        }
    }

    /**
     * A search looks at some 2,000 slots and passes a block that was often asked for up to three times: after so many
     * there is nothing to evict until something becomes clean.
     */
    private int maxFruitlessSearches() {
        return 2 + slots.slots() / 512;
    }

    // ---- checksums

    /** True if the block at {@code at} in the buffer is what the slot should hold. */
    boolean matches(int slot, IoBuffer buffer, int at) {
        return checksums.of(buffer, at, slots.validMask(slot)) == slots.checksum(slot)
                || bug == PlantedBug.SERVES_DAMAGED;
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

    // ---- I/O

    /** Reads or writes {@code count} neighbouring slots from {@code slot} on. */
    void submitSlots(IoOp op, int tag, int index, int slot, int count, IoBuffer buffer, int at, IoOwner owner) {
        EngineIo io = ios.take();
        io.tag = tag;
        io.index = index;
        io.count = count;
        io.slot = slot;
        io.ofSlots = true;
        io.prepare(op, layout.slotOffset(slot), count * shape.blockBytes(), 0, buffer, at);
        io.submit(ssd, owner);
    }

    /** Reads the data area at an offset of its own. */
    void submitSsd(IoOp op, int tag, long offset, int length, IoBuffer buffer, int at, IoOwner owner) {
        EngineIo io = ios.take();
        io.tag = tag;
        io.prepare(op, offset, length, 0, buffer, at);
        io.submit(ssd, owner);
    }

    /** Reads or writes the disk of a brick. */
    void submitDisk(
            IoOp op,
            int tag,
            int index,
            int count,
            CachedBrick brick,
            long offset,
            int length,
            IoBuffer buffer,
            int at,
            IoOwner owner) {
        EngineIo io = ios.take();
        io.tag = tag;
        io.index = index;
        io.count = count;
        io.ofSlots = false;
        io.prepare(op, offset, length, 0, buffer, at);
        io.submit(brick.disk(), owner);
    }

    /** TRIM or WRITE_ZEROES on the disk of a brick. */
    void submitDisk(IoOp op, int tag, CachedBrick brick, long offset, long length, int flags, IoOwner owner) {
        EngineIo io = ios.take();
        io.tag = tag;
        io.ofSlots = false;
        io.prepare(op, offset, length, flags);
        io.submit(brick.disk(), owner);
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
        return (int) (loop.clock().nanoTime() / 100_000_000L);
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

    @Override
    public void recycle(EngineIo done) {
        ios.give(done);
    }

    @Override
    public void slotsDone(IoOp op, IoStatus status) {
        health.slotsDone(op, status);
    }

    @Override
    public boolean isMapped(int slot) {
        return slots.isMapped(slot);
    }

    @Override
    public boolean isEvictable(int slot) {
        return slots.state(slot) == SlotTable.CLEAN && !slots.isVolatile(slot)
                || bug == PlantedBug.EVICTS_DIRTY && slots.isMapped(slot);
    }

    @Override
    public long placeHash(int slot) {
        // Finalizer of MurmurHash3, with another constant than the block map's.
        long h = slots.key(slot) ^ 0x9E3779B97F4A7C15L;
        h ^= h >>> 33;
        h *= 0xff51afd7ed558ccdL;
        h ^= h >>> 33;
        h *= 0xc4ceb9fe1a85ec53L;
        return h ^ h >>> 33;
    }

    long memoryBytes() {
        return slots.memoryBytes() + map.memoryBytes() + allocator.memoryBytes() + policy.memoryBytes();
    }

    /** Reused objects of one kind: as many as were ever in use at once. */
    private static final class Pool<T> {
        private final Deque<T> items = new ArrayDeque<>();
        private final Supplier<T> maker;

        Pool(Supplier<T> maker) {
            this.maker = maker;
        }

        T take() {
            T item = items.poll();
            return item == null ? maker.get() : item;
        }

        void give(T item) {
            items.push(item);
        }
    }
}
