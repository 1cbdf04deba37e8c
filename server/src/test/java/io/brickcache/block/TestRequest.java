package io.brickcache.block;

import java.util.concurrent.CompletableFuture;

/** A request whose end can be waited for; counts completions, so that a second one is noticed. */
public final class TestRequest extends ExtentsRequest {

    private volatile CompletableFuture<IoStatus> done = new CompletableFuture<>();

    /** Allows it to be submitted again. */
    public TestRequest rearm() {
        done = new CompletableFuture<>();
        return this;
    }

    public CompletableFuture<IoStatus> done() {
        return done;
    }

    @Override
    public void completed(IoStatus status) {
        if (!done.complete(status)) {
            throw new AssertionError(this + " completed twice");
        }
    }
}
