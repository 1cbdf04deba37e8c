package io.brickcache.simulate;

import java.util.Locale;

/** How the cache treats writes. */
public enum Mode {
    /** Writes are answered when the SSD has them, and demoted later: how the service works. */
    WRITE_BACK,
    /** No cache at all. */
    NONE;

    /** As it is typed. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
