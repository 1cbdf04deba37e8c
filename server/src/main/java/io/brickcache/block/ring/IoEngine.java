package io.brickcache.block.ring;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.DeviceOpener;
import io.brickcache.block.IoOptions;
import io.brickcache.block.OpenOptions;
import io.brickcache.block.OpenOptions.Access;
import io.brickcache.block.OpenedDevice;
import io.brickcache.block.nativeio.DeviceException;
import io.brickcache.block.pooled.IoThreads;
import io.brickcache.block.pooled.PooledDevice;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine of a process: io_uring for sockets and devices, or epoll with a pool of threads. Makes the event loops, names
 * the channel classes that go with them, and opens devices on them. Thread-safe.
 */
public final class IoEngine {

    /**
     * Entries that are handed to the kernel with one system call; a turn of a loop with more makes several. The kernel holds
     * a batch back until it has prepared all of it, and the device idles meanwhile: random reads of depth 32 are 5 to 10 %
     * faster in batches of 8 than all at once, for the same processor time. Below 4 the calls begin to cost.
     */
    static final int RING_ENTRIES = 8;

    /** Completions that may wait: several devices at full depth and the sockets. */
    static final int COMPLETION_ENTRIES = 4096;

    /** Threads for what the ring cannot do, per device. */
    private static final int HELPER_THREADS = 2;

    /**
     * Threads of the kernel for what cannot be submitted without blocking (syncs, full queues, files of some file systems),
     * per loop. The kernel's own limit, four times the processors, is soon taken by one disk that hangs; this is the full
     * depth of several.
     */
    private static final int KERNEL_THREADS = 4 * RingDevice.MAX_IN_FLIGHT;

    private static final Path DISABLED_SETTING = Path.of("/proc/sys/kernel/io_uring_disabled");
    private static final Logger log = LoggerFactory.getLogger(IoEngine.class);

    private final IoOptions options;
    private final boolean ring;

    private IoEngine(IoOptions options, boolean ring) {
        this.options = options;
        this.ring = ring;
    }

    /**
     * Decides on the engine and logs it, with the reason if io_uring was wanted or possible and is not there.
     *
     * @throws IOException if the configured engine is not available here
     */
    public static IoEngine choose(IoOptions options) throws IOException {
        IoEngine engine = choose(options, IoUring.isAvailable() ? null : IoUring.unavailabilityCause());
        if (!engine.ring && !Epoll.isAvailable()) {
            throw new IOException("epoll is not available, no engine is left", Epoll.unavailabilityCause());
        }
        log.info("I/O engine: {}, {}", engine, options.direct() ? "direct" : "through the page cache");
        return engine;
    }

    /**
     * @param unavailable why io_uring is not available; null if it is
     */
    static IoEngine choose(IoOptions options, @Nullable Throwable unavailable) throws IOException {
        if (options.engine() == IoOptions.Engine.POOLED) {
            return new IoEngine(options, false);
        }
        if (unavailable == null) {
            return new IoEngine(options, true);
        }
        String reason = "io_uring is not available" + disabledSetting() + ": " + unavailable.getMessage();
        if (options.engine() == IoOptions.Engine.IO_URING) {
            throw new IOException(
                    "io.engine is io_uring, but " + reason + "; enable it, or set io.engine to auto or pooled",
                    unavailable);
        }
        log.info("{}; using the pooled engine", reason);
        return new IoEngine(options, false);
    }

    /** What was chosen: IO_URING or POOLED. */
    public IoOptions.Engine engine() {
        return ring ? IoOptions.Engine.IO_URING : IoOptions.Engine.POOLED;
    }

    /**
     * Starts event loops.
     *
     * @param name prefix of the threads' names
     */
    public EventLoopGroup newGroup(String name, int loops) {
        return new MultiThreadIoEventLoopGroup(loops, new DefaultThreadFactory(name), handlerFactory());
    }

    /** Class of listening TCP channels on the loops of this engine. */
    public Class<? extends ServerChannel> tcpServerChannel() {
        return ring ? IoUringServerSocketChannel.class : EpollServerSocketChannel.class;
    }

    /** Class of listening Unix socket channels on the loops of this engine. */
    public Class<? extends ServerChannel> unixServerChannel() {
        return ring ? IoUringServerDomainSocketChannel.class : EpollServerDomainSocketChannel.class;
    }

    /**
     * Opens a device for a loop of this engine, past the page cache unless configured otherwise. Blocks for a few system
     * calls. Its {@code sectorBytes} are those of the device; see {@link io.brickcache.block.SectorAdapter} for devices
     * of 4096. It must be closed before its loop ends.
     *
     * @throws DeviceException names the device, the problem and the remedy
     */
    public BlockDevice open(Path path, NettyLoop loop, Access access) throws IOException {
        return open(DeviceOpener.open(path, OpenOptions.of(options, access)), loop);
    }

    /** Makes a device of an opened one, which belongs to it from here on, also if this fails. */
    public BlockDevice open(OpenedDevice opened, NettyLoop loop) throws IOException {
        PooledDevice pooled =
                new PooledDevice(opened, loop, new IoThreads("io", ring ? HELPER_THREADS : options.threads()));
        if (!ring) {
            return pooled;
        }
        RingDevice device = new RingDevice(opened, pooled, loop);
        try {
            device.registered(register(device, loop));
            return device;
        } catch (IOException | RuntimeException e) {
            pooled.close();
            throw e;
        }
    }

    @Override
    public String toString() {
        return ring ? "io_uring" : "pooled with " + options.threads() + " threads per device";
    }

    private static IoRegistration register(RingDevice device, NettyLoop loop) throws IOException {
        Future<IoRegistration> registration = ((IoEventLoop) loop.eventLoop()).register(device.handle());
        try {
            registration.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(device.name() + ": interrupted while it was registered with its loop");
        }
        if (!registration.isSuccess()) {
            throw new IOException(device.name() + ": its loop does not take it", registration.cause());
        }
        return registration.getNow();
    }

    private IoHandlerFactory handlerFactory() {
        if (!ring) {
            return EpollIoHandler.newFactory();
        }
        // Single issuer, and with it deferred task work where the kernel has it (6.1): completions are then worked off
        // when the loop asks for them and do not interrupt it.
        return PollingIoHandler.factory(IoUringIoHandler.newFactory(new IoUringIoHandlerConfig()
                .setRingSize(RING_ENTRIES)
                .setCqSize(COMPLETION_ENTRIES)
                .setMaxBoundedWorker(KERNEL_THREADS)
                .setSingleIssuer(true)));
    }

    private static String disabledSetting() {
        try {
            String value = Files.readString(DISABLED_SETTING).strip();
            return "0".equals(value) ? "" : " (sysctl kernel.io_uring_disabled is " + value + ")";
        } catch (IOException e) {
            log.debug("this kernel has no setting kernel.io_uring_disabled", e);
            return "";
        }
    }
}
