package io.brickcache.block;

import io.brickcache.block.OpenOptions.Access;
import io.brickcache.block.ring.IoEngine;
import io.brickcache.block.ring.NettyLoop;
import io.brickcache.env.SystemClock;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A real device on a real event loop. */
public final class RealRig implements DeviceRig {

    private static final int POOL_BYTES = 128 << 20;

    /** Used by one rig after the other, since direct memory comes back late; replaced if a failed test kept some. */
    private static BufferPool shared = new BufferPool(POOL_BYTES);

    private final TestStorage storage;
    private final NettyLoop loop;
    private final BlockDevice device;
    private final BufferPool pool;

    private RealRig(TestStorage storage, NettyLoop loop, BlockDevice device, BufferPool pool) {
        this.pool = pool;
        this.storage = storage;
        this.loop = loop;
        this.device = device;
    }

    /**
     * Opens the path with an engine of its own.
     *
     * @param storage taken down when the rig is closed
     */
    public static RealRig open(TestStorage storage, IoOptions options, Path path, Access access) throws IOException {
        IoEngine engine = IoEngine.choose(options);
        EventLoopGroup group = engine.newGroup("test-loop", 1);
        try {
            NettyLoop loop = new NettyLoop(group.next(), new SystemClock());
            return new RealRig(storage, loop, engine.open(path, loop, access), cleanPool());
        } catch (IOException | RuntimeException e) {
            end(group);
            throw e;
        }
    }

    /** With the sectors of the device made small. */
    public RealRig adapted() {
        return new RealRig(storage, loop, SectorAdapter.of(device), pool);
    }

    public NettyLoop loop() {
        return loop;
    }

    @Override
    public BlockDevice device() {
        return device;
    }

    @Override
    public BufferPool pool() {
        return pool;
    }

    @Override
    public void onLoop(Runnable action) {
        get(CompletableFuture.runAsync(action, loop));
    }

    @Override
    public IoStatus await(TestRequest request) {
        return get(request.done());
    }

    @Override
    public void close() {
        try {
            onLoop(device::close);
        } finally {
            end(loop.eventLoop().parent());
            storage.close();
        }
    }

    private static BufferPool cleanPool() {
        if (shared.usedBytes() != 0) {
            shared = new BufferPool(POOL_BYTES);
        }
        return shared;
    }

    private static void end(EventLoopGroup group) {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AssertionError error) {
                throw error;
            }
            throw new AssertionError(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }
}
