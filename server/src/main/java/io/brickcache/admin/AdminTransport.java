package io.brickcache.admin;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import java.util.function.Supplier;

/**
 * How the administration's socket is driven: as those of the caches are. With one kind of event loop in the process, the
 * JIT compiler knows the target of every submission to a loop, and leaves out the objects made for it.
 *
 * @param newLoop makes the one event loop of the administration, which ends it
 * @param channel listening Unix sockets on such a loop
 */
public record AdminTransport(Supplier<EventLoopGroup> newLoop, Class<? extends ServerChannel> channel) {}
