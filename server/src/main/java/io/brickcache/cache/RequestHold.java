package io.brickcache.cache;

import io.brickcache.block.IoRequest;
import io.brickcache.block.RequestQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Keeps the requests of a brick, and one other piece of work, while something must be done with nothing under way. */
final class RequestHold {

    private final RequestQueue requests = new RequestQueue();
    private @Nullable Runnable work;
    private @Nullable Runnable onQuiet;
    private boolean on;

    /** {@code quiet} is what is to be done; whoever knows that nothing is under way takes it. */
    void begin(Runnable quiet) {
        if (on) {
            throw new IllegalStateException("requests are held back already");
        }
        on = true;
        onQuiet = quiet;
    }

    boolean isOn() {
        return on;
    }

    /** What is to be done now that nothing is under way; once. */
    @Nullable
    Runnable takeQuiet() {
        Runnable taken = onQuiet;
        onQuiet = null;
        return taken;
    }

    /** True if the request is kept; otherwise it may begin. */
    boolean takes(IoRequest request) {
        if (on) {
            requests.add(request);
        }
        return on;
    }

    /** True if the work is kept; otherwise it may begin. */
    boolean takes(Runnable next) {
        if (on && work != null) {
            throw new IllegalStateException("other work is held back already");
        }
        if (on) {
            work = next;
        }
        return on;
    }

    /** Lets everything go, in the order in which it came but for the work, which is first. */
    void end(Consumer<IoRequest> submit) {
        on = false;
        Runnable kept = work;
        work = null;
        if (kept != null) {
            kept.run();
        }
        IoRequest request;
        while (!on && (request = requests.poll()) != null) {
            submit.accept(request);
        }
    }
}
