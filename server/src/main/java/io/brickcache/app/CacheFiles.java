package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.Reason;
import io.brickcache.block.nativeio.Descriptor;
import io.brickcache.block.nativeio.Descriptor.Flag;
import io.brickcache.block.nativeio.Errno;
import io.brickcache.env.Directories;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;

/** Makes and deletes what a cache has in the file system. */
final class CacheFiles {

    /** What the metadata of a small cache needs: ballast, logs, tables. */
    private static final long METADATA_BYTES = 64L << 20;
    /** And for each slot, at its peak: records, and their copies while RocksDB merges them (bench/metadata-churn). */
    private static final long METADATA_BYTES_PER_SLOT = 40;

    private CacheFiles() {}

    /** Checks that a cache can be made in the directory, which may be missing. */
    static void checkDirectory(Path directory) {
        Path parent = directory.getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw AdminException.invalid(
                    "directory", parent + " is not a directory", "make it or mount the SSD there first");
        }
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw AdminException.invalid("directory", directory + " is not a directory", "choose another one");
        }
    }

    /** Checks that what will be made is not there yet. */
    static void checkVacant(KnownCache planned) {
        checkAbsent(planned.metadataDirectory());
        if (planned.origin() == KnownCache.Origin.OWN_FILE) {
            checkAbsent(planned.dataPath());
        }
    }

    private static void checkAbsent(Path path) {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            throw AdminException.invalid(
                    "directory",
                    path + " is there already, maybe of another cache",
                    "choose another directory, or, if nobody needs it, delete it with: rm -r " + path);
        }
    }

    /** Makes the data area as a file of the directory with all its space. After a failure it may be there in part. */
    static void createDataFile(KnownCache cache, long sizeBytes) throws IOException {
        Path directory = cache.directory();
        Path file = cache.dataPath();
        long usable = Files.getFileStore(directory).getUsableSpace();
        long metadataBytes = METADATA_BYTES + cache.slots() * METADATA_BYTES_PER_SLOT;
        if (usable - metadataBytes < sizeBytes) {
            throw noSpace(file, sizeBytes, metadataBytes, usable);
        }
        Files.createFile(file);
        try (RandomAccessFile sized = new RandomAccessFile(file.toFile(), "rw")) {
            sized.setLength(sizeBytes);
        }
        try (Descriptor descriptor = Descriptor.open(file, Flag.WRITE)) {
            long result = descriptor.fallocate(0, 0, sizeBytes);
            if (result == -Errno.ENOSPC) {
                throw noSpace(file, sizeBytes, metadataBytes, usable);
            }
            if (result < 0 && !Errno.isUnsupported(result)) {
                throw new IOException("fallocate failed (" + Errno.describe((int) -result) + ")");
            }
        }
        Directories.sync(directory);
    }

    private static AdminException noSpace(Path file, long sizeBytes, long metadataBytes, long usable) {
        return new AdminException(
                Reason.NO_SPACE,
                file + " is to have " + sizeBytes + " bytes and " + metadataBytes + " more are for metadata, but only "
                        + usable + " are free",
                "free some, or ask for less with --size",
                Map.of("wanted_bytes", Long.toString(sizeBytes), "free_bytes", Long.toString(usable)));
    }

    /** Deletes what we made for a cache, as far as it is there; never the directory, nor a data area that was given. */
    static void delete(KnownCache cache) throws IOException {
        deleteTree(cache.metadataDirectory());
        if (cache.origin() == KnownCache.Origin.OWN_FILE) {
            Files.deleteIfExists(cache.dataPath());
        }
        if (Files.isDirectory(cache.directory())) {
            Directories.sync(cache.directory());
        }
    }

    private static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
