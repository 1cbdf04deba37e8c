package io.brickcache.admin;

import io.brickcache.env.Clock;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * Passes progress on to a client, at most ten times a second and only while the client reads: progress is lossy, so
 * that a client that does not read holds neither memory nor the work.
 */
final class ProgressStream<T> implements ProgressListener {
    private static final long MIN_GAP_NS = 100_000_000;

    private final ServerCallStreamObserver<T> client;
    private final Function<io.brickcache.admin.v1.Progress, T> message;
    private final BooleanSupplier stopping;
    private final Clock clock;
    private boolean sentAny;
    private long sentAtNs;

    ProgressStream(
            ServerCallStreamObserver<T> client,
            Function<io.brickcache.admin.v1.Progress, T> message,
            BooleanSupplier stopping,
            Clock clock) {
        this.client = client;
        this.message = message;
        this.stopping = stopping;
        this.clock = clock;
    }

    @Override
    public void onProgress(Progress progress) {
        long nowNs = clock.nanoTime();
        if (client.isCancelled() || !client.isReady() || sentAny && nowNs - sentAtNs < MIN_GAP_NS) {
            return;
        }
        sentAny = true;
        sentAtNs = nowNs;
        client.onNext(message.apply(ViewMapper.progress(progress)));
    }

    @Override
    public boolean isCancelled() {
        return client.isCancelled() || stopping.getAsBoolean();
    }
}
