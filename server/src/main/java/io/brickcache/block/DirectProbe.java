package io.brickcache.block;

import com.sun.jna.Memory;
import io.brickcache.block.nativeio.Descriptor;

/** Finds the alignment of direct I/O by trying, where the kernel does not tell. */
final class DirectProbe {

    private static final int LARGE = 4096;
    private static final int SMALL = 512;

    private DirectProbe() {}

    /** 512 or 4096, or 0 if neither can be read. */
    static int smallestAlignment(Descriptor descriptor) {
        try (Memory memory = new Memory(3 * LARGE)) {
            long base = Memory.nativeValue(memory);
            long aligned = base + LARGE - 1 & -(long) LARGE;
            // Aligned to 512 and to no more.
            if (descriptor.read(aligned + SMALL, SMALL, 0) >= 0) {
                return SMALL;
            }
            return descriptor.read(aligned, LARGE, 0) >= 0 ? LARGE : 0;
        }
    }
}
