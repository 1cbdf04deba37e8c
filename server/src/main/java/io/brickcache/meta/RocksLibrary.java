package io.brickcache.meta;

import io.brickcache.cache.index.MetadataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.RocksDB;

/**
 * The native library of RocksDB. It is unpacked into a new folder in {@code java.io.tmpdir}, or in the one that the environment
 * variable {@code ROCKSDB_SHAREDLIB_DIR} names, and the folder is removed once the library is loaded: left to RocksDB, a process
 * that is killed would leave 17 MB behind.
 */
final class RocksLibrary {

    private static final String PARENT = "ROCKSDB_SHAREDLIB_DIR";
    private static final String PREFIX = "brickcache-rocksdb";

    private static boolean loaded;

    private RocksLibrary() {}

    /** Loads it unless it is. Blocks. */
    static synchronized void load() throws MetadataException {
        if (loaded) {
            return;
        }
        try {
            String parent = System.getenv(PARENT);
            Path folder = parent == null
                    ? Files.createTempDirectory(PREFIX)
                    : Files.createTempDirectory(Path.of(parent), PREFIX);
            try {
                NativeLibraryLoader.getInstance().loadLibrary(folder.toString());
            } finally {
                remove(folder);
            }
            RocksDB.loadLibrary();
            loaded = true;
        } catch (IOException | RuntimeException | LinkageError e) {
            throw RocksErrors.nativeLibrary(e);
        }
    }

    private static void remove(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
