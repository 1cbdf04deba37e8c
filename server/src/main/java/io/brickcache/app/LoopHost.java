package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.Reason;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.IoStatus;
import io.brickcache.block.ring.IoEngine;
import io.brickcache.block.ring.NettyLoop;
import io.brickcache.env.Clock;
import io.netty.channel.EventLoopGroup;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The event loop of one cache with the memory of its clients' requests, and the way onto it for other threads. Everything
 * but {@link #loop} and {@link #buffers} is called on threads that may block.
 */
final class LoopHost {

    private static final int SHUTDOWN_SECONDS = 5;
    private static final int ANSWER_SECONDS = 10;

    private final EventLoopGroup group;
    private final NettyLoop loop;
    private final BufferPool buffers;
    private final LedgerWriter ledger;

    private LoopHost(EventLoopGroup group, NettyLoop loop, BufferPool buffers, LedgerWriter ledger) {
        this.group = group;
        this.loop = loop;
        this.buffers = buffers;
        this.ledger = ledger;
    }

    /** Starts a loop of the engine's kind; {@code bufferBytes} as {@link BufferPool} wants them. */
    static LoopHost start(IoEngine engine, String name, int bufferBytes, Clock clock, BrickLedger ledger) {
        BufferPool buffers = allocate(name, bufferBytes);
        EventLoopGroup group = engine.newGroup("cache-" + name, 1);
        NettyLoop loop = new NettyLoop(group.next(), clock);
        return new LoopHost(group, loop, buffers, new LedgerWriter(ledger, loop, clock, name));
    }

    private static BufferPool allocate(String name, int bufferBytes) {
        try {
            return new BufferPool(bufferBytes);
        } catch (OutOfMemoryError e) {
            throw new AdminException(
                    Reason.NO_SPACE,
                    "no " + bufferBytes + " bytes of memory are left for the buffers of cache " + name,
                    "give the service more (-XX:MaxDirectMemorySize), or each cache less (cache.buffers)",
                    Map.of("cache", name),
                    e);
        }
    }

    NettyLoop loop() {
        return loop;
    }

    BufferPool buffers() {
        return buffers;
    }

    /** Where the loop has it recorded what must be known without the SSD. */
    LedgerWriter ledger() {
        return ledger;
    }

    /** Runs the task on the loop; the future hears its result or what it threw. */
    <T> CompletableFuture<T> submit(Supplier<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            loop.execute(() -> {
                try {
                    result.complete(task.get());
                } catch (RuntimeException | Error e) {
                    result.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(e);
        }
        return result;
    }

    /** Runs the task on the loop and returns its result. For tasks that nothing may keep waiting. */
    <T> T call(Supplier<T> task) {
        return finish(submit(task));
    }

    /** As {@link #call}, for those who only look: an interrupt or a loop that hangs ends the wait. */
    <T> T ask(Supplier<T> question) {
        try {
            return submit(question).get(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw AdminException.shuttingDown();
        } catch (TimeoutException e) {
            throw Failures.busy("the loop of a cache has not answered for " + ANSWER_SECONDS + " s");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RejectedExecutionException
                    ? Failures.busy("a cache is being closed")
                    : rethrown(e);
        }
    }

    /** Starts an operation of the engine on the loop and waits until it has told how it ended. */
    IoStatus await(Consumer<Consumer<IoStatus>> operation) {
        CompletableFuture<IoStatus> status = new CompletableFuture<>();
        CompletableFuture<Boolean> started = submit(() -> {
            operation.accept(status::complete);
            return true;
        });
        finish(started);
        return finish(status);
    }

    /** Closes a device on the loop and waits for that. */
    void close(BlockDevice device) {
        call(() -> {
            device.close();
            return true;
        });
    }

    /** Ends the loop. Its devices have been closed. */
    void close() {
        ledger.close();
        group.shutdownGracefully(0, SHUTDOWN_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    /**
     * Waits for what the engine does. Not cut short by an interrupt, which is kept: what the engine uses cannot be taken
     * from it before it has answered.
     */
    static <T> T finish(CompletableFuture<T> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw rethrown(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    static RuntimeException rethrown(ExecutionException e) {
        Throwable cause = e.getCause();
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException known ? known : new IllegalStateException(cause);
    }
}
