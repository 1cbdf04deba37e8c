package io.brickcache.app;

import io.brickcache.env.FileFailures;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Keeps a second service off a state directory, for as long as the process lives or until it is closed. */
final class StateLock implements AutoCloseable {

    private final FileChannel channel;

    private StateLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Makes the directory if it is missing, and locks it.
     *
     * @throws IOException if it cannot be had; the message names it and says what to do
     */
    static StateLock take(Path directory) throws IOException {
        Path file = directory.resolve("lock");
        FileChannel channel;
        try {
            Files.createDirectories(directory);
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new IOException(
                    "the state directory " + directory + " cannot be used (" + FileFailures.describe(e)
                            + "); make it a directory that the service's user may write to, or set state_directory",
                    e);
        }
        try {
            if (lock(channel) != null) {
                return new StateLock(channel);
            }
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw new IOException("the state directory " + directory
                + " is in use by another brickcached; stop that one, or set another state_directory");
    }

    private static @Nullable FileLock lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
