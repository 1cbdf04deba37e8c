package io.brickcache.app;

import io.brickcache.config.Config;

/** Builds the node; nothing is opened before {@link NodeService#start}. */
@FunctionalInterface
public interface NodeFactory {

    /**
     * A node that does not run yet.
     *
     * @param systemd for status lines and longer timeouts during a long start, and for the watchdog
     * @param stop lets the node ask for its stop
     */
    NodeService create(Config config, SystemdNotifier systemd, StopSignal stop) throws Exception;
}
