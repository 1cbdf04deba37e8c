package io.brickcache.nbd.transmission;

import io.brickcache.block.IoRequest;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A fixed number of request objects, made when first needed and used again. */
final class RequestSlots<R extends IoRequest> {

    private final Supplier<R> maker;
    private final int limit;
    private int made;
    private @Nullable R free;

    RequestSlots(int limit, Supplier<R> maker) {
        this.limit = limit;
        this.maker = maker;
    }

    boolean isExhausted() {
        return free == null && made == limit;
    }

    /** Null if all are in use. */
    @SuppressWarnings("unchecked") // only put() links, and only R
    @Nullable
    R take() {
        R first = free;
        if (first != null) {
            free = (R) first.next;
            first.next = null;
            return first;
        }
        if (made == limit) {
            return null;
        }
        made++;
        return maker.get();
    }

    void put(R request) {
        request.next = free;
        free = request;
    }
}
