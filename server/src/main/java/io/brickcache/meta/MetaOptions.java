package io.brickcache.meta;

/**
 * How a {@link RocksMetadataStore} uses memory, files and space.
 *
 * @param memoryBytes block cache and memtables together, at least 4 MiB; less memory means more, smaller files
 * @param ballastBytes size of the ballast file that is given up when the directory is full; 0 for none. A commit that
 *     meets a full directory needs a few hundred KiB to get through, so less than 1 MiB helps little
 * @param maxOpenFiles table files kept open, at least 32
 */
public record MetaOptions(long memoryBytes, int ballastBytes, int maxOpenFiles) {

    public static final long MIN_MEMORY_BYTES = 4L << 20;
    public static final int MIN_OPEN_FILES = 32;

    /** 64 MiB of memory, 16 MiB of ballast, 256 files. */
    public static final MetaOptions DEFAULT = new MetaOptions(64L << 20, 16 << 20, 256);

    public MetaOptions {
        if (memoryBytes < MIN_MEMORY_BYTES) {
            throw new IllegalArgumentException("memoryBytes is " + memoryBytes + ", at least " + MIN_MEMORY_BYTES);
        }
        if (ballastBytes < 0) {
            throw new IllegalArgumentException("ballastBytes is negative: " + ballastBytes);
        }
        if (maxOpenFiles < MIN_OPEN_FILES) {
            throw new IllegalArgumentException("maxOpenFiles is " + maxOpenFiles + ", at least " + MIN_OPEN_FILES);
        }
    }

    /** These options with another memory limit. */
    public MetaOptions withMemoryBytes(long newMemoryBytes) {
        return new MetaOptions(newMemoryBytes, ballastBytes, maxOpenFiles);
    }
}
