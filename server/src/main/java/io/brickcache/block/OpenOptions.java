package io.brickcache.block;

/**
 * How a device is opened.
 *
 * @param caching past the page cache or through it
 * @param access for writing or not
 */
public record OpenOptions(Caching caching, Access access) {

    /** Where the data goes. */
    public enum Caching {
        /** O_DIRECT: between our memory and the device. */
        DIRECT,
        /** The kernel's page cache; only where O_DIRECT cannot be had. */
        PAGE_CACHE
    }

    /** What will be done. */
    public enum Access {
        READ_WRITE,
        READ_ONLY
    }

    public static final OpenOptions DEFAULTS = new OpenOptions(Caching.DIRECT, Access.READ_WRITE);

    /** As the configuration says. */
    public static OpenOptions of(IoOptions options, Access access) {
        return new OpenOptions(options.direct() ? Caching.DIRECT : Caching.PAGE_CACHE, access);
    }
}
