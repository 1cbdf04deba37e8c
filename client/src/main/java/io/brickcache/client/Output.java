package io.brickcache.client;

import java.util.Locale;

/** How a command writes its data. */
enum Output {
    TABLE,
    JSON;

    /** As it is typed. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
