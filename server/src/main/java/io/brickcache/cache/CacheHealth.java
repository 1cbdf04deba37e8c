package io.brickcache.cache;

/** Whether a cache can take new content. While it cannot, writes go to the disks, and what is dirty goes there, too. */
public enum CacheHealth {
    SERVING,
    /** The metadata store fails; commits go to its spare journal, or fail if it has none. */
    METADATA_FAILING,
    /** The data area fails, or the whole SSD is gone. */
    SSD_FAILING
}
