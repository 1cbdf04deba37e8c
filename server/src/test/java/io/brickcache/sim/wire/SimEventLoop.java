package io.brickcache.sim.wire;

import io.brickcache.env.Loop;
import io.brickcache.env.sim.SimLoop;
import io.netty.channel.AbstractEventLoop;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A Netty event loop in virtual time, for {@link SimChannel}s; its tasks are tasks of the {@link SimLoop}. When the node
 * goes down, {@link #crash} lets Netty give back its memory, and then nothing is run any more.
 */
public final class SimEventLoop extends AbstractEventLoop {

    private final SimLoop loop;
    private @Nullable Deque<Runnable> lastTasks;

    public SimEventLoop(SimLoop loop) {
        this.loop = loop;
    }

    @Override
    public ChannelFuture register(Channel channel) {
        return register(new DefaultChannelPromise(channel, this));
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        promise.channel().unsafe().register(this, promise);
        return promise;
    }

    @Override
    @Deprecated
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        channel.unsafe().register(this, promise);
        return promise;
    }

    @Override
    public void execute(Runnable task) {
        if (lastTasks == null) {
            loop.execute(task);
        } else {
            lastTasks.add(task);
        }
    }

    /** Runs {@code closing}, which closes every channel, and what that gives to do; nothing else, ever again. */
    public void crash(Runnable closing) {
        Deque<Runnable> tasks = new ArrayDeque<>();
        lastTasks = tasks;
        closing.run();
        Runnable next;
        while ((next = tasks.poll()) != null) {
            next.run();
        }
    }

    @Override
    public boolean inEventLoop(Thread thread) {
        return true;
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        return new Timer<>(this, unit.toNanos(delay), 0, Executors.callable(task));
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long delay, long period, TimeUnit unit) {
        return new Timer<>(this, unit.toNanos(delay), unit.toNanos(period), Executors.callable(task));
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
        return new Timer<>(this, unit.toNanos(delay), 0, task);
    }

    @Override
    public boolean isShuttingDown() {
        return false;
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return false;
    }

    @Override
    @Deprecated
    public void shutdown() {
        throw new UnsupportedOperationException("a simulated loop ends with its simulation");
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        throw new UnsupportedOperationException("a simulated loop ends with its simulation");
    }

    @Override
    public Future<?> terminationFuture() {
        throw new UnsupportedOperationException("a simulated loop ends with its simulation");
    }

    private static final class Timer<V> extends DefaultPromise<V> implements ScheduledFuture<V> {

        private final SimLoop clock;
        private final long periodNs;
        private final Callable<V> task;
        private long dueNs;
        private Loop.Cancellable timer;

        /** With a period of 0 it runs once. */
        Timer(SimEventLoop loop, long delayNs, long periodNs, Callable<V> task) {
            super((EventExecutor) loop);
            this.clock = loop.loop;
            this.periodNs = periodNs;
            this.task = task;
            this.dueNs = clock.nowNs() + delayNs;
            this.timer = clock.schedule(delayNs, this::run);
        }

        private void run() {
            try {
                V result = task.call();
                if (periodNs == 0) {
                    setSuccess(result);
                } else if (!isDone()) {
                    dueNs += periodNs;
                    timer = clock.schedule(periodNs, this::run);
                }
            } catch (Exception e) {
                throw new IllegalStateException("a scheduled task failed", e);
            }
        }

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            timer.cancel();
            return super.cancel(mayInterruptIfRunning);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(dueNs - clock.nowNs(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }
}
