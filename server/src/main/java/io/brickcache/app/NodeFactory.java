package io.brickcache.app;

import io.brickcache.config.Config;

/** Builds the node; nothing is opened before {@link NodeService#start}. */
@FunctionalInterface
public interface NodeFactory {

    /** {@code systemd} is for status lines and longer timeouts during a long start, and for the watchdog. */
    NodeService create(Config config, SystemdNotifier systemd) throws Exception;
}
