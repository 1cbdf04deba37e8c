package io.brickcache.bench.metadata;

import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What a directory takes at its largest, looked at twice a second, and what this process has written meanwhile. */
final class Footprint implements AutoCloseable {

    private static final long INTERVAL_MS = 500;
    private static final Path IO = Path.of("/proc/self/io");
    private static final String WRITTEN = "write_bytes: ";

    private final Path directory;
    private final Thread watch = new Thread(this::watch, "footprint");
    private long writtenBefore;
    private volatile long peakBytes;
    private volatile boolean closed;

    Footprint(Path directory) {
        this.directory = directory;
        watch.setDaemon(true);
    }

    void begin() throws IOException {
        writtenBefore = written();
        watch.start();
    }

    long writtenBytes() throws IOException {
        return written() - writtenBefore;
    }

    long peakBytes() {
        return peakBytes;
    }

    /** Keys and values of all records. */
    static long liveBytes(MetadataStore store) throws MetadataException {
        long[] bytes = {0};
        for (Family family : Family.values()) {
            store.scan(family, (key, value) -> bytes[0] += key.remaining() + value.remaining());
        }
        return bytes[0];
    }

    private static long written() throws IOException {
        List<String> lines = Files.readAllLines(IO);
        return lines.stream()
                .filter(line -> line.startsWith(WRITTEN))
                .mapToLong(line -> Long.parseLong(line.substring(WRITTEN.length())))
                .sum();
    }

    private void watch() {
        try {
            while (!closed) {
                peakBytes = Math.max(peakBytes, size());
                Thread.sleep(INTERVAL_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private long size() throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(f -> !f.endsWith("ballast")).toList()) {
                bytes += size(file);
            }
        }
        return bytes;
    }

    private static long size(Path file) throws IOException {
        try {
            return Files.size(file);
        } catch (NoSuchFileException e) {
            // Compacted away meanwhile.
            return 0;
        }
    }

    @Override
    public void close() {
        closed = true;
        watch.interrupt();
    }
}
