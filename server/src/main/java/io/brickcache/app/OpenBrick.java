package io.brickcache.app;

import io.brickcache.block.SwitchableDevice;
import io.brickcache.cache.CachedBrick;

/**
 * A brick that its cache knows, on the cache's loop.
 *
 * @param disk the disk, or what stands in for it; closed by whoever detaches the brick
 */
record OpenBrick(CachedBrick cached, SwitchableDevice disk) {}
