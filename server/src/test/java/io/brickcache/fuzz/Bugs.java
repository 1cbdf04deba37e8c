package io.brickcache.fuzz;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Finds the exceptions that a pipeline catches: a handler logs what should never happen as an error, closes the
 * connection, and nobody else hears of it.
 */
public final class Bugs extends AppenderBase<ILoggingEvent> {

    private final AtomicReference<@Nullable String> found = new AtomicReference<>();

    /** Listens to the loggers of the NBD server from now on, until {@link #stop}. */
    public static Bugs watch() {
        Logger logger = (Logger) LoggerFactory.getLogger("io.brickcache.nbd");
        Bugs bugs = new Bugs();
        bugs.setContext(logger.getLoggerContext());
        bugs.start();
        logger.addAppender(bugs);
        return bugs;
    }

    /** Throws what was logged as an error since the last call. */
    public void rethrow() {
        String bug = found.getAndSet(null);
        if (bug != null) {
            throw new IllegalStateException(bug);
        }
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
            String trace =
                    event.getThrowableProxy() == null ? "" : ThrowableProxyUtil.asString(event.getThrowableProxy());
            found.compareAndSet(null, event.getFormattedMessage() + "\n" + trace);
        }
    }
}
