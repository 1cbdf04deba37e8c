package io.brickcache.admin;

import org.jspecify.annotations.Nullable;

/**
 * A brick that was asked to grow to the size of its disk.
 *
 * @param previousBytes what it had before; the same if its disk has no more
 * @param mapping its block device, which has the new size too unless {@code stateReason} says why not; null if it has none
 */
public record GrownView(
        BrickView brick, long previousBytes, @Nullable MappingView mapping) {}
