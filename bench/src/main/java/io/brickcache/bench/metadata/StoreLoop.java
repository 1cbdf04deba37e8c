package io.brickcache.bench.metadata;

import io.brickcache.block.ring.NettyLoop;
import io.brickcache.env.SystemClock;
import io.netty.channel.DefaultEventLoop;
import java.util.concurrent.TimeUnit;

/** A loop without devices or sockets. */
final class StoreLoop implements AutoCloseable {

    private final DefaultEventLoop eventLoop = new DefaultEventLoop();
    private final NettyLoop loop = new NettyLoop(eventLoop, new SystemClock());

    NettyLoop loop() {
        return loop;
    }

    @Override
    public void close() {
        eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
