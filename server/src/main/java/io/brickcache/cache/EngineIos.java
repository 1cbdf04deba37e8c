package io.brickcache.cache;

import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;

/** Requests of the engine to the SSD and to the disks. */
final class EngineIos implements EngineIo.Pool {

    private final CacheCore core;
    private final Pool<EngineIo> ios = new Pool<>(() -> new EngineIo(this));

    EngineIos(CacheCore core) {
        this.core = core;
    }

    /** Reads or writes {@code count} neighbouring slots from {@code slot} on. */
    void submitSlots(IoOp op, int tag, int index, int slot, int count, IoBuffer buffer, int at, IoOwner owner) {
        EngineIo io = ios.take();
        io.tag = tag;
        io.index = index;
        io.count = count;
        io.slot = slot;
        io.ofSlots = true;
        io.prepare(op, core.layout.slotOffset(slot), count * core.shape.blockBytes(), 0, buffer, at);
        io.submit(core.ssd, owner);
    }

    /** Reads the data area at an offset of its own. */
    void submitSsd(IoOp op, int tag, long offset, int length, IoBuffer buffer, int at, IoOwner owner) {
        EngineIo io = ios.take();
        io.tag = tag;
        io.ofSlots = false;
        io.prepare(op, offset, length, 0, buffer, at);
        io.submit(core.ssd, owner);
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
        brick.head().moved(offset + length);
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

    @Override
    public void recycle(EngineIo done) {
        ios.give(done);
    }

    @Override
    public void slotsDone(IoOp op, IoStatus status) {
        core.health.slotsDone(op, status);
    }
}
