package io.brickcache.block.ring;

import io.brickcache.env.Clock;
import io.brickcache.env.Loop;
import io.netty.channel.EventLoop;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** A {@link Loop} that is a Netty event loop, so that sockets, devices and the cache run on one thread. */
public final class NettyLoop implements Loop {

    private final EventLoop eventLoop;
    private final Clock clock;

    /**
     * @param clock must advance as {@link System#nanoTime} does: the event loop follows that one
     */
    public NettyLoop(EventLoop eventLoop, Clock clock) {
        this.eventLoop = eventLoop;
        this.clock = clock;
    }

    /** The loop to register channels with. */
    public EventLoop eventLoop() {
        return eventLoop;
    }

    /** {@inheritDoc} Throws RejectedExecutionException once the event loop has ended. */
    @Override
    public void execute(Runnable task) {
        eventLoop.execute(task);
    }

    @Override
    public boolean isCurrent() {
        return eventLoop.inEventLoop();
    }

    @Override
    public Cancellable schedule(long delayNs, Runnable task) {
        Future<?> future = eventLoop.schedule(task, delayNs, TimeUnit.NANOSECONDS);
        return () -> future.cancel(false);
    }

    @Override
    public Clock clock() {
        return clock;
    }
}
