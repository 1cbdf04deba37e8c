package io.brickcache.cache;

import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.SlotTable;

/**
 * Describes a range. Residency comes from the index; allocation from the disk, where blocks that only the SSD has yet
 * count as data. An answer ends after {@link #MAX_BLOCKS} blocks, so that it does not keep the loop.
 */
final class ExtentsOp {

    private static final int MAX_BLOCKS = 65_536;

    private final CacheCore core;
    private final CachedBrick brick;
    private final ExtentsRequest request;
    private final int blockBytes;

    ExtentsOp(CacheCore core, CachedBrick brick, ExtentsRequest request) {
        this.core = core;
        this.brick = brick;
        this.request = request;
        this.blockBytes = core.shape.blockBytes();
    }

    void start() {
        long length = Math.min(request.length(), (long) MAX_BLOCKS * blockBytes);
        if (request.context() == ExtentsRequest.Context.RESIDENCY) {
            describe(request.offset(), length, -1);
            brick.answer(request, IoStatus.OK);
        } else {
            DiskExtents below = new DiskExtents();
            below.prepareExtents(ExtentsRequest.Context.ALLOCATION, request.offset(), length);
            brick.disk().submit(below);
        }
    }

    /**
     * Adds the extents of [offset, offset+length).
     *
     * @param below the disk's state, of which only dirty blocks differ; or -1 for residency
     * @return false if there is no more room
     */
    private boolean describe(long offset, long length, int below) {
        long at = offset;
        long end = offset + length;
        while (at < end) {
            long blockEnd = Math.min(end, (at | blockBytes - 1) + 1);
            int slot = core.find(brick, at >> core.shape.blockShift());
            int state = slot == SlotTable.NONE ? SlotTable.FREE : core.slots.state(slot);
            // What is lost is no hole, whatever the disk has there: reading it fails.
            boolean data = state == SlotTable.DIRTY && core.bug != PlantedBug.DESCRIBES_DIRTY_AS_HOLE
                    || brick.lost().isGone(at, blockEnd - at);
            if (!request.add(blockEnd - at, below < 0 ? residency(state) : data ? 0 : below)) {
                return false;
            }
            at = blockEnd;
        }
        return true;
    }

    private static int residency(int state) {
        return switch (state) {
            case SlotTable.CLEAN -> ExtentsRequest.CLEAN;
            case SlotTable.DIRTY -> ExtentsRequest.DIRTY;
            default -> ExtentsRequest.NOT_CACHED;
        };
    }

    private final class DiskExtents extends ExtentsRequest {
        @Override
        public void completed(IoStatus status) {
            if (status.isOk()) {
                long at = offset();
                for (int i = 0; i < count(); i++) {
                    boolean room = extentState(i) == 0
                            ? request.add(extentLength(i), 0)
                            : describe(at, extentLength(i), extentState(i));
                    if (!room) {
                        break;
                    }
                    at += extentLength(i);
                }
            }
            brick.answer(request, status);
        }
    }
}
