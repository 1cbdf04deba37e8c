package io.brickcache.cache;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

/** Reused objects of one kind: as many as were ever in use at once. */
final class Pool<T> {

    private final Deque<T> items = new ArrayDeque<>();
    private final Supplier<T> maker;

    Pool(Supplier<T> maker) {
        this.maker = maker;
    }

    T take() {
        T item = items.poll();
        return item == null ? maker.get() : item;
    }

    void give(T item) {
        items.push(item);
    }
}
