package io.brickcache.app;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The wish that the process ends: set once, by SIGTERM, SIGINT or whoever calls {@link #request}.
 *
 * <p>The signals are caught instead of left to the JVM's shutdown hooks, since a process that ends in those cannot
 * choose its exit code (143). {@code sun.misc.Signal} is reached by reflection: the compiler warns about it and the
 * warning cannot be switched off.
 */
public final class StopSignal {

    private static final Logger LOG = LoggerFactory.getLogger(StopSignal.class);

    private final CountDownLatch requested = new CountDownLatch(1);

    /** Catches SIGTERM and SIGINT from now on. */
    public void install() {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object stop = Proxy.newProxyInstance(
                    handler.getClassLoader(),
                    new Class<?>[] {handler},
                    (proxy, method, arguments) -> switch (method.getName()) {
                        case "handle" -> {
                            received(arguments[0]);
                            yield null;
                        }
                        case "equals" -> proxy == arguments[0];
                        case "hashCode" -> System.identityHashCode(this);
                        default -> "brickcached stop";
                    });
            for (String name : new String[] {"TERM", "INT"}) {
                signal.getMethod("handle", signal, handler)
                        .invoke(null, signal.getConstructor(String.class).newInstance(name), stop);
            }
        } catch (ClassNotFoundException
                | NoSuchMethodException
                | InstantiationException
                | IllegalAccessException
                | InvocationTargetException e) {
            LOG.warn("Signals cannot be caught, SIGTERM ends the process at once (JVM option -Xrs?): {}", e.toString());
        }
    }

    /** Asks for the stop; the first time counts. */
    public void request() {
        requested.countDown();
    }

    /** Waits for the stop to be asked for. */
    public void await() throws InterruptedException {
        requested.await();
    }

    private void received(Object signal) {
        if (requested.getCount() == 0) {
            LOG.info("{} again; the stop is under way", signal);
        } else {
            LOG.info("{}, stopping", signal);
        }
        request();
    }
}
