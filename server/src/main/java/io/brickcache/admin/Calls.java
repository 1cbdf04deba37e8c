package io.brickcache.admin;

import io.brickcache.env.Clock;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Runs calls of the port off the event loop and answers each exactly once. Long work has threads of its own, so that
 * flushes never keep a status waiting; both pools are bounded, and what does not fit is refused as
 * {@link Reason#BUSY}.
 */
final class Calls {
    private static final int SHORT_THREADS = 4;
    private static final int SHORT_QUEUE = 64;
    private static final int LONG_THREADS = 16;
    private static final long STOP_SECONDS = 10;

    private final Clock clock;
    private final ThreadPoolExecutor shortWork;
    private final ThreadPoolExecutor longWork;
    private volatile boolean stopping;

    Calls(Clock clock) {
        this.clock = clock;
        this.shortWork = new ThreadPoolExecutor(
                SHORT_THREADS,
                SHORT_THREADS,
                30,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(SHORT_QUEUE),
                threads("admin-call-"));
        this.longWork = new ThreadPoolExecutor(
                0, LONG_THREADS, 30, TimeUnit.SECONDS, new SynchronousQueue<>(), threads("admin-work-"));
        shortWork.allowCoreThreadTimeOut(true);
    }

    /** Answers with what {@code work} returns. */
    <T> void answer(String call, StreamObserver<T> client, Supplier<T> work) {
        run(shortWork, call, (ServerCallStreamObserver<T>) client, work);
    }

    /** Answers with the progress of {@code work}, each step made a message by {@code step}, and then its result. */
    <T> void follow(
            String call,
            StreamObserver<T> client,
            Function<io.brickcache.admin.v1.Progress, T> step,
            Function<ProgressListener, T> work) {
        ServerCallStreamObserver<T> stream = (ServerCallStreamObserver<T>) client;
        ProgressStream<T> progress = new ProgressStream<>(stream, step, () -> stopping, clock);
        run(longWork, call, stream, () -> work.apply(progress));
    }

    private <T> void run(
            ThreadPoolExecutor executor, String call, ServerCallStreamObserver<T> client, Supplier<T> work) {
        // With a handler set, messages to a client that went away are dropped instead of thrown back at the work.
        client.setOnCancelHandler(() -> {});
        try {
            executor.execute(() -> perform(call, client, work));
        } catch (RejectedExecutionException e) {
            client.onError(ErrorMapper.toStatus(call, stopping ? AdminException.shuttingDown() : tooMany(call)));
        }
    }

    private <T> void perform(String call, ServerCallStreamObserver<T> client, Supplier<T> work) {
        if (client.isCancelled()) {
            return;
        }
        T result;
        try {
            result = work.get();
        } catch (AdminException e) {
            boolean stopped = stopping && e.reason() == Reason.CANCELLED && !client.isCancelled();
            client.onError(ErrorMapper.toStatus(call, stopped ? AdminException.shuttingDown() : e));
            return;
        } catch (RuntimeException | Error e) {
            client.onError(ErrorMapper.toStatus(call, e));
            return;
        }
        client.onNext(result);
        client.onCompleted();
    }

    private static AdminException tooMany(String call) {
        return new AdminException(
                Reason.BUSY, "too many calls are under way for " + call, "try again in a moment", Map.of());
    }

    /** Takes no more calls, and cancels the long ones. */
    void stop() {
        stopping = true;
        shortWork.shutdown();
        longWork.shutdown();
    }

    /** Interrupts what is still running and waits for it, but not for ever. */
    void awaitStopped() throws InterruptedException {
        stop();
        shortWork.shutdownNow();
        longWork.shutdownNow();
        shortWork.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
        longWork.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
    }

    private static ThreadFactory threads(String prefix) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, prefix + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }
}
