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

    public long promotedBlocks;
    public long evictedBlocks;
    public long demotedBlocks;

    /** Disk writes of the demotion. */
    public long demotionWrites;

    public long ssdReadErrors;
    public long ssdWriteErrors;
    public long diskReadErrors;
    public long diskWriteErrors;

    /** Slots whose content did not match its checksum. */
    public long checksumErrors;
}
