package io.brickcache.cache;

import org.jspecify.annotations.Nullable;

/** Fields that are set while a pooled operation is in use, and null in the pool. */
final class Required {

    private Required() {}

    static <T> T of(@Nullable T field) {
        if (field == null) {
            throw new IllegalStateException("a pooled operation is used after it was given back");
        }
        return field;
    }
}
