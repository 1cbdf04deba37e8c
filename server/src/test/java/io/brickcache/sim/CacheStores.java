package io.brickcache.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.sim.Medium;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import io.brickcache.meta.MemorySpareJournal;
import io.brickcache.meta.SparedMetadataStore;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What keeps the metadata of one cache: a store in memory, before it in some caches a commit log on a medium, and before
 * both in some a spare journal, for what they refuse. Also what crashes, faults and planted bugs do to them.
 */
final class CacheStores {

    private static final long MAX_COMMIT_NS = 500_000;
    private static final long MAX_SLOW_COMMIT_NS = 100_000_000;

    private final String bug;
    private final SimLoop loop;
    private final SeededEntropy entropy;
    private final boolean isSpared;
    private final LoggedStores logs;
    private MemoryMetadataStore store;
    private MemorySpareJournal spare;
    /** What the cache has now. */
    private MetadataStore front;

    /** Of the {@code index}th cache; {@code bug} as {@link EngineSystem} takes it. */
    CacheStores(String bug, SimLoop loop, SeededEntropy entropy, int index) {
        this.bug = bug;
        this.loop = loop;
        this.entropy = entropy;
        long maxCommitNs = entropy.pick(MAX_COMMIT_NS, MAX_COMMIT_NS, MAX_SLOW_COMMIT_NS);
        store = new MemoryMetadataStore(loop, entropy.split("store " + index), maxCommitNs);
        isSpared = entropy.chance(0.7);
        logs = new LoggedStores(bug, loop, entropy.split("log " + index));
        spare = new MemorySpareJournal(loop, entropy.split("spare " + index), maxCommitNs);
        front = store;
    }

    void format(CacheRecord cache, List<BrickRecord> bricks) {
        store.format(cache, bricks);
    }

    /** Whether commits that the store refuses go to the spare journal. */
    boolean isSpared() {
        return isSpared;
    }

    /** Where the commit log lies. */
    Medium logMedium() {
        return logs.medium();
    }

    /** The store itself; another one after every crash and close. */
    MemoryMetadataStore store() {
        return store;
    }

    /** What a process that starts now has of the cache's metadata, with a device on the log's medium. */
    MetadataStore open(BlockDevice log, CacheRecord cache) throws MetadataException {
        if (bug.equals("IGNORES_SPARE_JOURNAL")) {
            spare = new MemorySpareJournal(loop, entropy.split("spare"), MAX_COMMIT_NS);
        }
        MetadataStore logged = logs.open(store, log, cache.uuid());
        front = isSpared ? SparedMetadataStore.open(logged, spare, loop) : logged;
        return front;
    }

    /** The store with a record that is not what was written; null if it has none. */
    @Nullable
    MemoryMetadataStore damaged() {
        return store.damaged(entropy);
    }

    /** The SSD is gone and the store on it, too, until {@link #recover}; the journal as well if it is told to. */
    void fail(MetadataException gone, boolean journalToo) {
        store.failNext(Integer.MAX_VALUE, gone);
        spare.fail(journalToo ? gone : null);
    }

    /** Nothing fails any more. */
    void recover() {
        store.failNext(0, new MetadataException(MetadataException.Kind.IO, "no failure"));
        spare.fail(null);
    }

    /** The process takes no more commits; its log may have a batch on its way to the device yet. */
    void stop() {
        front.close();
    }

    /** The process has ended in order: all is there for the next one. */
    void close() {
        spare.close();
        reopen();
    }

    /** The process has been killed. */
    void crash() {
        store.crash();
        spare.crash();
        reopen();
    }

    private void reopen() {
        store = store.reopened(loop);
        spare = spare.reopened(loop);
    }
}
