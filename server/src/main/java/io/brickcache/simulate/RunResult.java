package io.brickcache.simulate;

import java.util.Map;

/**
 * What one run of a trace came to. Times are in milliseconds and, but for {@link Times}, totals of all requests.
 *
 * @param requests reads, writes and those of unknown kind; flushes are not counted
 * @param foregroundMs what the requests took: of each the longer of its disk and its SSD part, without waiting
 * @param foregroundDisk what the disk did for requests while they waited
 * @param backgroundDisk what the disk did otherwise, the flush at the end included
 * @param reads with those of unknown kind
 * @param aroundBytes written past the cache, by reason; empty without a cache
 * @param aroundRequests writes of which at least a part went past the cache
 */
public record RunResult(
        long requests,
        double foregroundMs,
        DiskUse foregroundDisk,
        DiskUse backgroundDisk,
        Times reads,
        Times writes,
        Hits hits,
        Demotion demotion,
        SsdUse ssd,
        Map<String, Long> aroundBytes,
        long aroundRequests) {

    /** Of a disk: time, I/Os, those that had to position, bytes. */
    public record DiskUse(double busyMs, long ios, long positionings, long readBytes, long writtenBytes) {
        static DiskUse of(Usage usage) {
            return new DiskUse(ms(usage.busyNs), usage.ios, usage.positionings, usage.readBytes, usage.writtenBytes);
        }
    }

    /**
     * Of one kind of request.
     *
     * @param meanServiceMs without waiting
     * @param meanMs from the arrival to the answer
     * @param p99Ms as {@code meanMs}; 99 of 100 are not above
     */
    public record Times(long requests, double meanServiceMs, double meanMs, double p99Ms) {}

    /** A part of a whole. */
    public record Share(long part, long whole) {
        /** In percent; 0 of nothing. */
        public double percent() {
            return whole == 0 ? 0 : 100.0 * part / whole;
        }
    }

    /**
     * What the cache had.
     *
     * @param blocks accesses to blocks; of reads those that the SSD served, of writes those to blocks that were there
     * @param readBlocks of them those of reads
     * @param requests all blocks were there
     * @param readRequests of them the reads: those that did without the disk
     */
    public record Hits(Share blocks, Share readBlocks, Share requests, Share readRequests) {}

    /**
     * What went from the SSD to the disk, and the other way.
     *
     * @param blocks brought to the disk
     * @param writes disk writes of that
     * @param blocksAtEnd of {@code blocks} those that were dirty when the last request had been answered
     * @param promotedBlocks copied to the SSD after they were read
     * @param evictedBlocks clean ones given up for others
     */
    public record Demotion(long blocks, long writes, long blocksAtEnd, long promotedBlocks, long evictedBlocks) {}

    /**
     * What the SSD was used for.
     *
     * @param writtenBytes to the data area
     * @param metadataBytes handed to the metadata store, before its own amplification
     * @param backgroundMs time of transfers that no request waited for, one after another; not part of any total
     */
    public record SsdUse(long writtenBytes, long readBytes, long metadataBytes, long commits, double backgroundMs) {}

    /** Foreground and background. */
    public double totalMs() {
        return foregroundMs + backgroundDisk.busyMs();
    }

    /** Positionings of the demotion for each block; 0 if there was none. */
    public double positioningsPerDemotedBlock() {
        return demotion.blocks() == 0 ? 0 : (double) backgroundDisk.positionings() / demotion.blocks();
    }

    static double ms(long ns) {
        return ns / 1e6;
    }
}
