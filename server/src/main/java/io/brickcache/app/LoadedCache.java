package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.cache.Cache;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MetadataStore;
import java.util.List;

/**
 * A cache that is loaded and has changed nothing yet.
 *
 * @param record as found, before this opening
 * @param bricks as the metadata has them
 * @param rollback gives everything back that was opened for it
 */
record LoadedCache(
        KnownCache known,
        LoopHost host,
        MetadataStore store,
        BlockDevice ssd,
        Cache cache,
        CacheRecord record,
        List<LoadedBrick> bricks,
        Rollback rollback) {}
