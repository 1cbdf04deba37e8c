package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import java.util.List;

/** A disk that is synced only when all its neighbours are. */
final class TiedDisk extends DiskAbove {

    private final List<BlockDevice> all;

    /** Joins {@code all}. */
    TiedDisk(BlockDevice disk, List<BlockDevice> all) {
        super(disk);
        this.all = all;
        all.add(disk);
    }

    @Override
    public void submit(IoRequest request) {
        if (request.op() == IoOp.FLUSH) {
            syncFrom(0, request, IoStatus.OK);
        } else {
            inner.submit(request);
        }
    }

    private void syncFrom(int i, IoRequest request, IoStatus soFar) {
        if (i == all.size()) {
            request.completed(soFar);
            return;
        }
        IoRequest sync = new IoRequest() {
            @Override
            public void completed(IoStatus status) {
                syncFrom(i + 1, request, soFar.and(status));
            }
        };
        sync.prepareFlush();
        all.get(i).submit(sync);
    }
}
