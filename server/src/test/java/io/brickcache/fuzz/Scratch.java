package io.brickcache.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Places for what is fuzzed as a file; in memory where there is such a file system, since every input is synced some times. */
public final class Scratch {

    private Scratch() {}

    /** A file of that name in a folder of its own, which does not exist yet; gone at the end of the process. */
    public static Path file(String name) {
        try {
            Path memory = Path.of("/dev/shm");
            Path folder = Files.isWritable(memory)
                    ? Files.createTempDirectory(memory, "brickcache-fuzz")
                    : Files.createTempDirectory("brickcache-fuzz");
            Path file = folder.resolve(name);
            folder.toFile().deleteOnExit();
            file.toFile().deleteOnExit();
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
