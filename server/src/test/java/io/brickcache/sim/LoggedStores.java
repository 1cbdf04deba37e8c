package io.brickcache.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoRequest;
import io.brickcache.block.sim.Medium;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import io.brickcache.meta.CommitLog;
import io.brickcache.meta.LoggedMetadataStore;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * Puts a commit log before the metadata of some caches, and plants bugs in it. The log has a medium of its own, since what an
 * SSD damages without a word is nothing that metadata could survive; they need not, the cache is not opened.
 */
final class LoggedStores {

    private final String bug;
    private final SimLoop loop;
    private final boolean isLogged;
    private final Medium medium;

    LoggedStores(String bug, SimLoop loop, SeededEntropy entropy) {
        this.bug = bug;
        this.loop = loop;
        this.isLogged = entropy.chance(0.7);
        this.medium =
                new Medium(entropy.pick(8 << 10, 16 << 10, 64 << 10, SsdLayout.LOG_BYTES), SectorContent.SECTOR_BYTES);
    }

    /** Where the log lies. */
    Medium medium() {
        return medium;
    }

    /** What a process that starts now has before the store, with a device on the medium. */
    MetadataStore open(MetadataStore store, BlockDevice device, UUID cache) throws MetadataException {
        if (!isLogged) {
            return store;
        }
        ByteBuffer content = ByteBuffer.allocate((int) medium.sizeBytes());
        if (!bug.equals("IGNORES_COMMIT_LOG")) {
            medium.read(0, content.capacity(), content, 0);
        }
        BlockDevice used = bug.equals("LOGS_WITHOUT_SYNC") ? new WithoutSync(device) : device;
        MetadataStore below = bug.equals("GIVES_UP_LOG_EARLY") ? new Hasty(store, loop) : store;
        return LoggedMetadataStore.open(below, new CommitLog(used, 0, content, cache), loop);
    }

    private static final class WithoutSync extends Relay {
        WithoutSync(BlockDevice inner) {
            super(inner);
        }

        @Override
        public void submit(IoRequest request) {
            submitInstead(request, request.offset(), request.length(), request.flags() & ~IoRequest.FUA, 0);
        }
    }

    /** Says that a batch is durable when it has been handed over. */
    private record Hasty(MetadataStore store, SimLoop loop) implements MetadataStore {
        @Override
        public void scan(Family family, Visitor visitor) throws MetadataException {
            store.scan(family, visitor);
        }

        @Override
        public void commit(MetadataBatch batch, Callback callback) {
            store.commit(batch, failure -> {});
            loop.execute(() -> callback.committed(null));
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
}
