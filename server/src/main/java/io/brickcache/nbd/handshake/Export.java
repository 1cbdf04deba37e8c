package io.brickcache.nbd.handshake;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.netty.channel.EventLoop;

/**
 * What a client can choose.
 *
 * @param name up to 4096 bytes of UTF-8; unique
 * @param description for people; may be empty
 * @param device touched on {@code loop} only
 * @param buffers the pool of {@code loop}
 * @param loop where connections to this export run
 */
public record Export(String name, String description, BlockDevice device, BufferPool buffers, EventLoop loop) {}
