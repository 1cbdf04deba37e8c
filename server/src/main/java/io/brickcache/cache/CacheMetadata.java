package io.brickcache.cache;

import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import java.util.ArrayList;
import java.util.List;

/**
 * What a metadata store says of its cache, short of the slots.
 *
 * @param bricks in the order of their numbers
 */
public record CacheMetadata(CacheRecord cache, List<BrickRecord> bricks) {

    /** Reads the store; blocks. */
    public static CacheMetadata read(MetadataStore store) throws MetadataException {
        List<CacheRecord> caches = new ArrayList<>();
        store.scan(Family.CACHE, (key, value) -> caches.add(CacheRecord.decode(value)));
        if (caches.size() != 1) {
            throw new MetadataException(Kind.CORRUPT, "the metadata has " + caches.size() + " cache records, not one");
        }
        List<BrickRecord> bricks = new ArrayList<>();
        store.scan(Family.BRICKS, (key, value) -> bricks.add(BrickRecord.decode(key, value)));
        return new CacheMetadata(caches.get(0), List.copyOf(bricks));
    }
}
