package io.brickcache.env;

import java.security.SecureRandom;

/** The randomness of the machine. Thread-safe. */
public final class SecureEntropy implements Entropy {

    private final SecureRandom random = new SecureRandom();

    @Override
    public long nextLong() {
        return random.nextLong();
    }
}
