package io.brickcache.meta;

import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.env.Loop;
import java.nio.file.Path;
import java.util.UUID;

/** The metadata of a cache as the service has them: in RocksDB, behind a commit log, with a spare journal for bad times. */
public final class MetadataStores {

    private MetadataStores() {}

    /**
     * Those of a new cache; see {@link RocksMetadataStore#create}. Blocks.
     *
     * @param directory of RocksDB
     * @param log where commits become durable first
     * @param journal where they go when nothing else takes them
     */
    public static MetadataStore create(
            Path directory, CommitLog log, Path journal, UUID cache, MetaOptions options, Loop loop)
            throws MetadataException {
        return open(RocksMetadataStore.create(directory, options, loop), log, journal, cache, loop);
    }

    /** Those of a cache that exists; see {@link RocksMetadataStore#openExisting} and {@link #create}. Blocks. */
    public static MetadataStore openExisting(
            Path directory, CommitLog log, Path journal, UUID cache, MetaOptions options, Loop loop)
            throws MetadataException {
        return open(RocksMetadataStore.openExisting(directory, options, loop), log, journal, cache, loop);
    }

    private static MetadataStore open(MetadataStore rocks, CommitLog log, Path journal, UUID cache, Loop loop)
            throws MetadataException {
        MetadataStore logged = LoggedMetadataStore.open(rocks, log, loop);
        try {
            return SparedMetadataStore.open(logged, FileSpareJournal.open(journal, cache, loop), loop);
        } catch (MetadataException | RuntimeException e) {
            logged.close();
            throw e;
        }
    }
}
