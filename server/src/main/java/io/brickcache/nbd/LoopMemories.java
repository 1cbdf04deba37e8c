package io.brickcache.nbd;

import io.brickcache.block.BufferPool;
import io.brickcache.nbd.handshake.Export;
import io.brickcache.nbd.handshake.ExportDirectory;
import io.brickcache.nbd.transmission.SharedMemory;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * The memory of each loop that has connections, and the share of each of its exports. Thread-safe; what it hands out
 * belongs to the loop of the pool.
 */
final class LoopMemories {

    private final ExportDirectory exports;
    private final IdentityHashMap<BufferPool, Loop> loops = new IdentityHashMap<>();

    private static final class Loop {
        private final SharedMemory memory;
        private final Map<String, SharedMemory.Share> shares = new HashMap<>();
        private int connections;

        Loop(Export export) {
            memory = new SharedMemory(export.buffers(), export.loop());
        }
    }

    LoopMemories(ExportDirectory exports) {
        this.exports = exports;
    }

    /** A connection to the export begins. On its loop; {@link #leave} follows when it uses no memory any more. */
    SharedMemory join(Export export) {
        Loop loop;
        synchronized (this) {
            loop = loops.computeIfAbsent(export.buffers(), pool -> new Loop(export));
            loop.connections++;
        }
        int sharing = (int) exports.list().stream()
                .filter(other -> other.buffers() == export.buffers())
                .count();
        loop.memory.divideBy(sharing);
        return loop.memory;
    }

    /** The share of an export that has been joined. */
    synchronized SharedMemory.Share share(Export export) {
        return loop(export).shares.computeIfAbsent(export.name(), name -> new SharedMemory.Share());
    }

    /** Forgets the loop with its last connection. */
    synchronized void leave(Export export) {
        if (--loop(export).connections == 0) {
            loops.remove(export.buffers());
        }
    }

    private Loop loop(Export export) {
        Loop loop = loops.get(export.buffers());
        if (loop == null) {
            throw new IllegalStateException("no connection to " + export.name() + " has joined");
        }
        return loop;
    }
}
