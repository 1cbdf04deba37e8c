package io.brickcache.env;

/** Time as the service sees it; virtual in simulations. */
public interface Clock {

    /** Monotonic time in nanoseconds from an arbitrary origin. */
    long nanoTime();

    /** Wall-clock time in milliseconds since the Unix epoch. For people and records only, never for decisions. */
    long epochMillis();
}
