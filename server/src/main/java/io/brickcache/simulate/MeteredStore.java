package io.brickcache.simulate;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;

/** Counts what is handed to a metadata store. */
final class MeteredStore implements MetadataStore {

    private final MetadataStore store;
    private long committedBytes;

    MeteredStore(MetadataStore store) {
        this.store = store;
    }

    long committedBytes() {
        return committedBytes;
    }

    @Override
    public void watch(Watcher watcher) {
        store.watch(watcher);
    }

    @Override
    public void scan(Family family, Visitor visitor) throws MetadataException {
        store.scan(family, visitor);
    }

    @Override
    public void commit(MetadataBatch batch, Callback callback) {
        committedBytes += batch.sizeBytes();
        store.commit(batch, callback);
    }

    @Override
    public long sizeBytes() {
        return store.sizeBytes();
    }

    @Override
    public void close() {
        store.close();
    }
}
