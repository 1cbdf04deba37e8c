package io.brickcache.app;

/** What the process runs between its start and its stop signal. Both methods block and are called once, by one thread. */
public interface NodeService {

    /**
     * Returns when requests are served. After a failure everything is released again and {@link #stop} is not called;
     * the message of the exception is shown to the operator.
     */
    void start() throws Exception;

    /** Orderly end: returns when nothing runs any more and all that was acknowledged is where it belongs. */
    void stop();
}
