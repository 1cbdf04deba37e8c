package io.brickcache.meta;

import io.brickcache.env.Directories;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of a fixed size whose only use is to be deleted: it reserves the space that one more commit needs when the
 * metadata directory is full. Its bytes are written (a hole reserves nothing) and do not compress.
 *
 * <p>Confined to the metadata thread.
 */
final class Ballast {

    private static final Logger LOG = LoggerFactory.getLogger(Ballast.class);

    private static final int CHUNK_BYTES = 1 << 20;
    private static final long MIX = 0x9E37_79B9_7F4A_7C15L;

    private final Path directory;
    private final Path file;
    private final int bytes;
    private boolean present;

    Ballast(Path directory, int bytes) {
        this.directory = directory;
        this.file = directory.resolve("ballast");
        this.bytes = bytes;
    }

    /** Takes over the file if it is whole, and writes it otherwise. */
    void create() throws IOException {
        if (bytes == 0) {
            return;
        }
        if (!Files.isRegularFile(file) || Files.size(file) != bytes) {
            write();
        }
        present = true;
    }

    /** Gives up the space; false if there was none left to give. */
    boolean release() {
        if (!present) {
            return false;
        }
        try {
            Files.deleteIfExists(file);
            present = false;
            Directories.sync(directory);
        } catch (IOException e) {
            LOG.warn("The ballast {} cannot be given up: {}", file, e.toString());
            return !present;
        }
        LOG.warn("{} is full: gave up the ballast of {} bytes; free some space", directory, bytes);
        return true;
    }

    /** Writes the file again once there is room for it twice over, so that it does not fill the directory itself. */
    void restore() {
        if (present || bytes == 0) {
            return;
        }
        try {
            if (Files.getFileStore(directory).getUsableSpace() < 2L * bytes) {
                return;
            }
            write();
            present = true;
            LOG.info("{} has room again: wrote the ballast of {} bytes", directory, bytes);
        } catch (IOException e) {
            LOG.warn("The ballast {} cannot be written: {}", file, e.toString());
        }
    }

    boolean isPresent() {
        return present;
    }

    private void write() throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
            long left = bytes;
            long seed = bytes;
            while (left > 0) {
                chunk.clear();
                while (chunk.remaining() >= Long.BYTES) {
                    seed = (seed ^ seed >>> 29) * MIX + 1;
                    chunk.putLong(seed);
                }
                chunk.flip().limit((int) Math.min(left, CHUNK_BYTES));
                while (chunk.hasRemaining()) {
                    left -= channel.write(chunk);
                }
            }
            channel.force(true);
        } catch (IOException e) {
            Files.deleteIfExists(file);
            throw e;
        }
        Directories.sync(directory);
    }
}
