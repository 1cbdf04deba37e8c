package io.brickcache.client;

import io.brickcache.admin.v1.Progress;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Follows a call that streams its progress, to its end. Ctrl-C (or a SIGTERM) cancels the call, with which the daemon
 * stops the work, and says what that leaves behind.
 */
final class LongWork {
    private static final int INTERRUPTED = 130;

    private final Shell shell;
    private final Daemon daemon;
    private final String what;
    private final String afterInterrupt;

    /**
     * @param what the work as the progress names it
     * @param afterInterrupt what is true once the work was stopped
     */
    LongWork(Shell shell, Daemon daemon, String what, String afterInterrupt) {
        this.shell = shell;
        this.daemon = daemon;
        this.what = what;
        this.afterInterrupt = afterInterrupt;
    }

    /** Answers with the last message of the stream. */
    <T> T follow(Supplier<Iterator<T>> call, Function<T, Optional<Progress>> progressOf) {
        AtomicBoolean interrupted = new AtomicBoolean();
        Context.CancellableContext context = Context.current().withCancellation();
        try (ProgressLine line = new ProgressLine(shell, what)) {
            Thread hook = new Thread(
                    () -> {
                        interrupted.set(true);
                        context.cancel(null);
                        line.end();
                        shell.say(what + " stopped; " + afterInterrupt);
                    },
                    "brickcache-interrupt");
            Runtime.getRuntime().addShutdownHook(hook);
            Context before = context.attach();
            try {
                return lastOf(call.get(), progressOf, line);
            } catch (StatusRuntimeException e) {
                if (interrupted.get()) {
                    throw new Interrupted();
                }
                throw daemon.failure(e);
            } finally {
                context.detach(before);
                removeHook(hook, interrupted);
            }
        } finally {
            context.cancel(null);
        }
    }

    private static <T> T lastOf(Iterator<T> answers, Function<T, Optional<Progress>> progressOf, ProgressLine line) {
        T last = answers.next();
        progressOf.apply(last).ifPresent(line::show);
        while (answers.hasNext()) {
            last = answers.next();
            progressOf.apply(last).ifPresent(line::show);
        }
        return last;
    }

    private static void removeHook(Thread hook, AtomicBoolean interrupted) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending, and the hook with it.
            interrupted.set(true);
        }
    }

    /** The operator stopped the work; the hook has said so already. */
    static final class Interrupted extends RuntimeException {
        private static final long serialVersionUID = 1;

        int exitNumber() {
            return INTERRUPTED;
        }
    }
}
