package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.Reason;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CacheOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What a cache takes of memory, at most, and whether there is so much. A cache whose index does not fit the heap is not opened:
 * running out of memory would end the service, and with it all caches.
 *
 * @param indexBytes of the heap
 * @param bufferBytes for I/O
 * @param metadataBytes of RocksDB
 */
record CacheMemory(long indexBytes, long bufferBytes, long metadataBytes) {

    /** Measured by bench/memory, watched by IndexMemoryTest. */
    static final long INDEX_BYTES_PER_SLOT = 24;
    /** Of the heap, for everything else. */
    static final long HEAP_RESERVE_BYTES = 64L << 20;

    private static final Path MEMINFO = Path.of("/proc/meminfo");
    private static final String AVAILABLE = "MemAvailable:";

    static CacheMemory of(long slots, CacheOptions options) {
        return new CacheMemory(
                slots * INDEX_BYTES_PER_SLOT,
                (long) options.bufferBytes() + Cache.SCRATCH_BYTES + Cache.MERGING_BYTES,
                options.metadataMemoryBytes());
    }

    long totalBytes() {
        return indexBytes + bufferBytes + metadataBytes;
    }

    /** Refuses a cache whose index does not fit what is left of the heap. */
    void checkHeap(String cache) {
        checkHeap(cache, heapLeftBytes());
    }

    /** As {@link #checkHeap(String)}, with {@code leftBytes} of heap left. */
    void checkHeap(String cache, long leftBytes) {
        long usableBytes = Math.max(0, leftBytes - HEAP_RESERVE_BYTES);
        if (indexBytes > usableBytes) {
            throw new AdminException(
                    Reason.NO_SPACE,
                    "the index of cache " + cache + " takes " + indexBytes + " bytes of heap, the service has "
                            + usableBytes + " left",
                    "use larger blocks or a smaller cache, or give the service more: BRICKCACHED_JAVA_OPTS=-Xmx"
                            + neededHeapMib() + "m",
                    Map.of(
                            "cache", cache,
                            "needed_bytes", Long.toString(indexBytes),
                            "free_bytes", Long.toString(usableBytes)));
        }
    }

    /** Refuses a new cache for which the machine has too little memory; without a figure of the kernel there is enough. */
    void checkMachine(String cache) {
        checkMachine(cache, availableBytes());
    }

    /** As {@link #checkMachine(String)}, with {@code availableBytes} that nobody needs. */
    void checkMachine(String cache, long availableBytes) {
        if (totalBytes() > availableBytes) {
            throw new AdminException(
                    Reason.NO_SPACE,
                    "cache " + cache + " takes " + totalBytes() + " bytes of memory (" + indexBytes
                            + " of them for its index), " + availableBytes + " are available on this machine",
                    "use larger blocks or a smaller cache, or free some memory",
                    Map.of(
                            "cache", cache,
                            "needed_bytes", Long.toString(totalBytes()),
                            "free_bytes", Long.toString(availableBytes)));
        }
    }

    private long neededHeapMib() {
        Runtime runtime = Runtime.getRuntime();
        long usedBytes = runtime.totalMemory() - runtime.freeMemory();
        return (usedBytes + indexBytes + 2 * HEAP_RESERVE_BYTES >> 20) + 1;
    }

    private static long heapLeftBytes() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory());
    }

    private static long availableBytes() {
        try {
            return availableBytes(Files.readAllLines(MEMINFO));
        } catch (IOException e) {
            return Long.MAX_VALUE;
        }
    }

    /** What the lines of /proc/meminfo say is available, or {@link Long#MAX_VALUE} if they do not say. */
    static long availableBytes(List<String> meminfo) {
        for (String line : meminfo) {
            if (line.startsWith(AVAILABLE)) {
                String number =
                        line.substring(AVAILABLE.length()).replace("kB", "").strip();
                if (number.matches("\\d{1,15}")) {
                    return Long.parseLong(number) << 10;
                }
            }
        }
        return Long.MAX_VALUE;
    }
}
