package io.brickcache.cache;

/** What a brick has done since it was opened; written and read on the loop only. Blocks are cache blocks. */
public final class BrickCounters {
    public long reads;
    public long readBytes;
    public long writes;
    public long writtenBytes;
    public long flushes;
    public long trims;
    public long writeZeroes;

    /** Blocks of reads that came from the SSD whole. */
    public long readHitBlocks;

    /** Blocks of reads for which the disk was read. */
    public long readMissBlocks;

    /** Bytes of writes that went to the SSD. */
    public long cachedWriteBytes;

    /** Bytes of writes that went around because no slot was free. */
    public long aroundFullBytes;

    /** Bytes of writes that went around because the SSD failed to take them. */
    public long aroundSsdErrorBytes;

    /** Bytes of writes that went around because they are not aligned to the unit of validity. */
    public long aroundUnalignedBytes;

    /**
     * Bytes of writes that went around because they bring a part of a block that was written around before, by what is not
     * synced yet.
     */
    public long aroundUnsyncedBytes;

    /** Bytes of writes that went around as parts of a sequential stream that had the brick for itself. */
    public long aroundStreamBytes;

    /** Bytes of writes that went around because caching had cost the disk more than it had saved. */
    public long aroundNoGainBytes;

    /** Blocks that reads missed and that were not promoted, as parts of a long sequential stream. */
    public long streamReadBlocks;

    /** Blocks promoted that nobody asked for, read along with others. */
    public long readAroundBlocks;

    public long promotedBlocks;
    public long evictedBlocks;
    public long demotedBlocks;

    /** Disk writes of the demotion. */
    public long demotionWrites;

    public long ssdReadErrors;
    public long ssdWriteErrors;
    public long diskReadErrors;
    public long diskWriteErrors;

    /** Blocks that the SSD failed to sync and that were brought to the disk instead. */
    public long rescuedBlocks;

    /**
     * Blocks that the SSD failed to sync and that could not be read back, and blocks whose write was answered and neither the
     * SSD nor the disk took.
     */
    public long lostBlocks;

    /** Slots whose content did not match its checksum. */
    public long checksumErrors;
}
