package io.brickcache.cache.index;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Durable, ordered records of one cache: the port behind which RocksDB lies. It knows keys and values only; what they
 * mean is said by the record classes beside it.
 *
 * <p>{@link #commit} is asynchronous: it is called on the cache's loop, the work is done elsewhere, the callback comes
 * back on the loop. The other methods block and are called before the cache serves requests, or after.
 */
public interface MetadataStore extends AutoCloseable {

    /** The column families. A spare journal stores the ordinals: new ones come last. */
    enum Family {
        CACHE,
        BRICKS,
        SLOTS,
        JOURNAL,
        HEAT,
        LOST
    }

    /** Sees one record; both buffers are valid only during the call. */
    @FunctionalInterface
    interface Visitor {
        void record(ByteBuffer key, ByteBuffer value) throws MetadataException;
    }

    /** Hears how a commit ended: null if it is durable. */
    @FunctionalInterface
    interface Callback {
        void committed(@org.jspecify.annotations.Nullable MetadataException failure);
    }

    /** Hears, on the loop, that a store has come to the end of its means and found them again. */
    interface Watcher {
        /**
         * Batches go to a spare place from now on, where they are as durable, but which is not made for many of them.
         *
         * @param cause why the store's own place does not take them
         */
        void sparing(MetadataException cause);

        /** Everything is in the store's own place again. */
        void recovered();
    }

    /**
     * Whom to tell of trouble that commits do not fail from; at once, if there is some. Called on the loop, once. A store
     * without a spare place has nothing to tell.
     */
    default void watch(Watcher watcher) {}

    /** Visits all records of a family in unsigned byte order of their keys. Blocks; before the first commit, or on the loop. */
    void scan(Family family, Visitor visitor) throws MetadataException;

    /**
     * As {@link #scan}, in parts that may be visited at the same time, on threads that end before this returns.
     *
     * @param bounds keys in ascending order: part 0 is what lies below the first, part 1 from it (inclusive) to the second
     *     and so on
     * @param visitors one for each part, one more than bounds; each sees its part in order
     */
    default void scan(Family family, List<byte[]> bounds, List<Visitor> visitors) throws MetadataException {
        int[] part = {0};
        scan(family, (key, value) -> {
            while (part[0] < bounds.size() && !isBelow(key, bounds.get(part[0]))) {
                part[0]++;
            }
            visitors.get(part[0]).record(key, value);
        });
    }

    /** True if the key comes before the bound in the order of a scan. */
    static boolean isBelow(ByteBuffer key, byte[] bound) {
        int at = key.mismatch(ByteBuffer.wrap(bound));
        if (at < 0 || at == bound.length) {
            return false;
        }
        return at == key.remaining() || Byte.compareUnsigned(key.get(key.position() + at), bound[at]) < 0;
    }

    /**
     * Applies the batch atomically and makes it durable: after a crash either all of it is there or nothing, and all
     * of it once the callback has heard of success. Batches become durable in the order they were handed over. The
     * batch belongs to the store until the callback; after a failure the store holds the state before the batch.
     */
    void commit(MetadataBatch batch, Callback callback);

    /** Bytes that the records take on the SSD, roughly. */
    long sizeBytes();

    /** Waits for commits under way and closes. Blocks. Idempotent. */
    @Override
    void close();
}
