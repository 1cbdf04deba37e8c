package io.brickcache.interop;

import java.security.SecureRandom;

/** Seeds of random tests: printed, and taken from {@code -Dinterop.seed} to run one again. */
final class Seed {
    private static final SecureRandom SOURCE = new SecureRandom();

    private Seed() {}

    static long next() {
        long seed = Long.getLong("interop.seed", SOURCE.nextLong());
        System.out.println("seed " + seed + " (again with -Dinterop.seed=" + seed + ")");
        return seed;
    }
}
