package io.brickcache.block;

/**
 * How the service does its device I/O.
 *
 * @param engine which engine, see docs/io.md
 * @param threads threads of the pooled engine for each device, 1 to 256; more deepen the queue of a device, and cost memory
 * @param direct past the page cache (O_DIRECT). Off only where a file system cannot do it: the page cache then holds
 *     everything a second time, and the kernel needs memory to write it
 */
public record IoOptions(Engine engine, int threads, boolean direct) {

    /** The engines and the choice between them. */
    public enum Engine {
        /** io_uring if the kernel lets us, else pooled. */
        AUTO,
        /** io_uring or no start. */
        IO_URING,
        /** Positioned reads and writes on a pool of threads, sockets on epoll. */
        POOLED
    }

    public static final int MAX_THREADS = 256;
    public static final IoOptions DEFAULTS = new IoOptions(Engine.AUTO, 16, true);

    public IoOptions {
        if (threads < 1 || threads > MAX_THREADS) {
            throw new IllegalArgumentException("io.threads is " + threads + ", must be 1 to " + MAX_THREADS);
        }
    }
}
