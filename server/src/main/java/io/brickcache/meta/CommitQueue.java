package io.brickcache.meta;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** The batch whose turn it is and those that wait, in order. Makes no garbage in steady state. Loop-confined. */
final class CommitQueue {

    private final Deque<MetadataBatch> batches = new ArrayDeque<>();
    private final Deque<MetadataStore.Callback> callbacks = new ArrayDeque<>();
    private @Nullable MetadataBatch current;
    private MetadataStore.@Nullable Callback answering;

    void add(MetadataBatch batch, MetadataStore.Callback callback) {
        batches.add(batch);
        callbacks.add(callback);
    }

    /** True if it is some batch's turn. */
    boolean isBusy() {
        return current != null;
    }

    /** The one that waits longest, or null. */
    @Nullable
    MetadataBatch first() {
        return batches.peek();
    }

    /** Lets it be the turn of {@link #first}. */
    MetadataBatch begin() {
        current = batches.remove();
        answering = callbacks.remove();
        return current;
    }

    /** Whose turn it is. */
    MetadataBatch current() {
        if (current == null) {
            throw new IllegalStateException("it is no batch's turn");
        }
        return current;
    }

    /** Ends the turn; the batch is its owner's again, who hears of it. */
    void answer(@Nullable MetadataException outcome) {
        take().committed(outcome);
    }

    /** Ends the turn, and whose it was waits again, before all others. */
    void putBack() {
        batches.addFirst(current());
        callbacks.addFirst(take());
    }

    /** Removes the one that waits longest; its owner's callback. */
    MetadataStore.Callback remove() {
        batches.remove();
        return callbacks.remove();
    }

    private MetadataStore.Callback take() {
        MetadataStore.Callback callback = answering;
        if (callback == null) {
            throw new IllegalStateException("it is no batch's turn");
        }
        current = null;
        answering = null;
        return callback;
    }
}
