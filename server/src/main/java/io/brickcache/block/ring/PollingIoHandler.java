package io.brickcache.block.ring;

import io.brickcache.env.Clock;
import io.brickcache.env.SystemClock;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * An io_uring of Netty's that polls for completions before it sleeps, as {@link PollPolicy} says. With deferred task work
 * (Linux 6.1) a look is two reads of memory that the kernel shares, no system call.
 */
final class PollingIoHandler implements IoHandler {

    /** Pauses of the processor between two looks, about half a microsecond. */
    private static final int PAUSES = 10;

    private final IoHandler ring;
    private final PollPolicy policy;
    private final Clock clock;
    private final Look look = new Look();

    PollingIoHandler(IoHandler ring, PollPolicy policy, Clock clock) {
        this.ring = ring;
        this.policy = policy;
        this.clock = clock;
    }

    /** Handlers as the given factory makes them, but that they poll. */
    static IoHandlerFactory factory(IoHandlerFactory rings) {
        return new IoHandlerFactory() {
            @Override
            public IoHandler newHandler(ThreadAwareExecutor executor) {
                ThreadMXBean threads = ManagementFactory.getThreadMXBean();
                return new PollingIoHandler(
                        rings.newHandler(executor),
                        new PollPolicy(threads::getCurrentThreadCpuTime),
                        new SystemClock());
            }

            @Override
            public boolean isChangingThreadSupported() {
                return rings.isChangingThreadSupported();
            }
        };
    }

    @Override
    public int run(IoHandlerContext context) {
        int handled;
        if (context.canBlock()) {
            long start = clock.nanoTime();
            handled = policy.isPolling() ? poll(context, start) : ring.run(context);
            policy.waited(start, clock.nanoTime());
        } else {
            handled = ring.run(context);
        }
        policy.handled(handled);
        return handled;
    }

    private int poll(IoHandlerContext context, long start) {
        look.context = context;
        do {
            int handled = ring.run(look);
            if (handled > 0) {
                return handled;
            }
            for (int i = 0; i < PAUSES; i++) {
                Thread.onSpinWait();
            }
        } while (clock.nanoTime() - start < PollPolicy.MAX_POLL_NS && context.canBlock());
        return ring.run(context);
    }

    /** The loop's context, but that nothing may block. */
    private static final class Look implements IoHandlerContext {
        private IoHandlerContext context = this;

        @Override
        public boolean canBlock() {
            return false;
        }

        @Override
        public long delayNanos(long currentTimeNanos) {
            return context.delayNanos(currentTimeNanos);
        }

        @Override
        public long deadlineNanos() {
            return context.deadlineNanos();
        }
    }

    @Override
    public void initialize() {
        ring.initialize();
    }

    @Override
    public void prepareToDestroy() {
        ring.prepareToDestroy();
    }

    @Override
    public void destroy() {
        ring.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        return ring.register(handle);
    }

    @Override
    public void wakeup() {
        ring.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return ring.isCompatible(handleType);
    }
}
