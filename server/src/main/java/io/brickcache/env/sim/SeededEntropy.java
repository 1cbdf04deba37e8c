package io.brickcache.env.sim;

import io.brickcache.env.Entropy;

/**
 * Repeatable randomness: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014),
 * with the finalizer "Mix13" of Stafford that the paper's reference code uses.
 *
 * <p>{@link #split} derives a stream from the seed and a name and not from what has been drawn so far, so a new consumer
 * does not change what the others see.
 */
public final class SeededEntropy implements Entropy {

    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private final long seed;
    private long state;

    public SeededEntropy(long seed) {
        this.seed = seed;
        this.state = seed;
    }

    /** Spreads every bit of {@code z} over all bits of the result; a bijection. */
    public static long mix(long z) {
        long a = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ a >>> 27) * 0x94D049BB133111EBL;
        return b ^ b >>> 31;
    }

    /** The stream of that name; always the same one for the same seed and name. */
    public SeededEntropy split(String name) {
        long hash = mix(seed + GOLDEN_GAMMA);
        for (int i = 0; i < name.length(); i++) {
            hash = mix((hash ^ name.charAt(i)) + GOLDEN_GAMMA);
        }
        return new SeededEntropy(hash);
    }

    @Override
    public long nextLong() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /** From 0 (inclusive) to {@code bound} (exclusive); {@code bound} from 1. The bias is below 2^-31. */
    public int nextInt(int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("bound " + bound);
        }
        return (int) ((nextLong() >>> 32) * bound >>> 32);
    }

    /** From {@code low} to {@code high}, both inclusive. */
    public int between(int low, int high) {
        return low + nextInt(high - low + 1);
    }

    /** From 0 (inclusive) to {@code bound} (exclusive); {@code bound} from 1 to 2^62 - 1. */
    public long nextLong(long bound) {
        if (bound <= 0 || bound >= 1L << 62) {
            throw new IllegalArgumentException("bound " + bound);
        }
        return Math.multiplyHigh(nextLong() >>> 1, bound << 1);
    }

    /** From 0 (inclusive) to 1 (exclusive). */
    public double nextDouble() {
        return (nextLong() >>> 11) * 0x1.0p-53;
    }

    /** True with probability {@code p}. */
    public boolean chance(double p) {
        return nextDouble() < p;
    }

    /** One of the choices. */
    @SafeVarargs
    public final <T> T pick(T... choices) {
        return choices[nextInt(choices.length)];
    }
}
