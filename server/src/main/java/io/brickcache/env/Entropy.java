package io.brickcache.env;

import java.util.UUID;

/** The only source of randomness; seeded in simulations. */
public interface Entropy {

    /** 64 random bits. */
    long nextLong();

    /** A random (version 4) UUID. */
    default UUID nextUuid() {
        long high = nextLong() & ~0xF000L | 0x4000L;
        long low = nextLong() & 0x3FFF_FFFF_FFFF_FFFFL | 0x8000_0000_0000_0000L;
        return new UUID(high, low);
    }
}
