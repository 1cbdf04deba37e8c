package io.brickcache.fuzz;

import java.util.Arrays;

/** Takes what a fuzzer gives apart; behind its end there are zeros. */
public final class Input {

    private final byte[] bytes;
    private int at;

    public Input(byte[] bytes) {
        this.bytes = bytes;
    }

    public boolean isEmpty() {
        return at >= bytes.length;
    }

    /** 0 to 255. */
    public int octet() {
        return at < bytes.length ? Byte.toUnsignedInt(bytes[at++]) : 0;
    }

    /** 0 to 65535. */
    public int twoOctets() {
        return octet() << 8 | octet();
    }

    public long eightOctets() {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            value = value << 8 | octet();
        }
        return value;
    }

    /** So many bytes, or what is left. */
    public byte[] take(int count) {
        byte[] taken = Arrays.copyOfRange(bytes, Math.min(at, bytes.length), Math.min(bytes.length, at + count));
        at += taken.length;
        return taken;
    }

    public byte[] rest() {
        return take(bytes.length);
    }

    /** A copy with one to five bits turned, which the input chooses: so few that a CRC32C notices all of them. */
    public byte[] withFlippedBits(byte[] valid) {
        byte[] flipped = valid.clone();
        int count = 1 + octet() % 5;
        for (int i = 0; i < count; i++) {
            int bit = Math.floorMod(octet() << 16 | twoOctets(), 8 * flipped.length);
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
        }
        return flipped;
    }
}
