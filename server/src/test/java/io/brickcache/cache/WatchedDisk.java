package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import java.util.ArrayList;
import java.util.List;

/** A disk that remembers what is read from it and written to it. */
final class WatchedDisk extends DiskAbove {

    /** Where one transfer went. */
    record Range(long offset, long length) {
        boolean contains(long at) {
            return at >= offset && at < offset + length;
        }
    }

    final List<Range> reads = new ArrayList<>();
    final List<Range> writes = new ArrayList<>();

    WatchedDisk(BlockDevice inner) {
        super(inner);
    }

    /** How often a block was read. */
    long readsOf(long block) {
        return reads.stream()
                .filter(range -> range.contains(block * CacheRig.BLOCK))
                .count();
    }

    @Override
    public void submit(IoRequest request) {
        if (request.op() == IoOp.READ) {
            reads.add(new Range(request.offset(), request.length()));
        } else if (request.op() == IoOp.WRITE) {
            writes.add(new Range(request.offset(), request.length()));
        }
        inner.submit(request);
    }
}
