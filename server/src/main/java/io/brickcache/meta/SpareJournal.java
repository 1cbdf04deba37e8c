package io.brickcache.meta;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import org.jspecify.annotations.Nullable;

/**
 * Where the batches of one cache go that its store cannot take: in order, numbered, durable one by one. The port of
 * {@link SparedMetadataStore}.
 *
 * <p>Numbers increase, with gaps, and are never given twice. {@link #scan} and {@link #close} block; the others are called
 * on the cache's loop, and call back there.
 */
public interface SpareJournal extends AutoCloseable {

    /** Sees one batch, which is valid only during the call. */
    @FunctionalInterface
    interface Visitor {
        void batch(long number, MetadataBatch batch) throws MetadataException;
    }

    /** Hears what was read. */
    @FunctionalInterface
    interface Reading {
        /**
         * The batches asked for are in the batch given.
         *
         * @param upTo number of the last batch read; the last number used if there is none behind it
         * @param failure null if all is well
         */
        void read(long upTo, @Nullable MetadataException failure);
    }

    /** Visits the batches with numbers above {@code after}, in order; later ones get numbers above it too. Blocks. */
    void scan(long after, Visitor visitor) throws MetadataException;

    /** Appends the batch and makes it durable. It belongs to the journal until the callback. */
    void append(MetadataBatch batch, MetadataStore.Callback callback);

    /** Adds the oldest batches with numbers above {@code after} to {@code into}: whole ones, some MiB of them. */
    void read(long after, MetadataBatch into, Reading reading);

    /** Takes the journal away, durably; the next batch begins another one, whose numbers go on. */
    void remove(MetadataStore.Callback callback);

    /** Bytes that the journal takes. */
    long sizeBytes();

    /** Waits for what is under way and closes. Blocks. Idempotent. */
    @Override
    void close();
}
