package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.cache.CachedBrick;

/**
 * A brick that its cache knows, on the cache's loop.
 *
 * @param disk closed by whoever detaches the brick
 */
record OpenBrick(CachedBrick cached, BlockDevice disk) {}
