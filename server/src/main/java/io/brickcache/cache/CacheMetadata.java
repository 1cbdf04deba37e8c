package io.brickcache.cache;

import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.ScrubRecord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a metadata store says of its cache, short of the slots.
 *
 * @param bricks in the order of their numbers
 * @param scrub null if the cache has never been scrubbed
 */
public record CacheMetadata(
        CacheRecord cache,
        List<BrickRecord> bricks,
        @Nullable ScrubRecord scrub) {

    /** Reads the store; blocks. */
    public static CacheMetadata read(MetadataStore store) throws MetadataException {
        List<CacheRecord> caches = new ArrayList<>();
        List<ScrubRecord> scrubs = new ArrayList<>();
        store.scan(Family.CACHE, (key, value) -> {
            if (key.equals(ByteBuffer.wrap(ScrubRecord.key()))) {
                scrubs.add(ScrubRecord.decode(value));
            } else {
                caches.add(CacheRecord.decode(value));
            }
        });
        if (caches.size() != 1) {
            throw new MetadataException(Kind.CORRUPT, "the metadata has " + caches.size() + " cache records, not one");
        }
        List<BrickRecord> bricks = new ArrayList<>();
        store.scan(Family.BRICKS, (key, value) -> bricks.add(BrickRecord.decode(key, value)));
        return new CacheMetadata(caches.get(0), List.copyOf(bricks), scrubs.isEmpty() ? null : scrubs.get(0));
    }
}
