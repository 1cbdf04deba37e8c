package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.Geometry;

/** A disk that does with the requests to another what a test wants, and is that other one otherwise. */
abstract class DiskAbove implements BlockDevice {

    final BlockDevice inner;

    DiskAbove(BlockDevice inner) {
        this.inner = inner;
    }

    @Override
    public final Geometry geometry() {
        return inner.geometry();
    }

    @Override
    public final long presentBytes() {
        return inner.presentBytes();
    }

    @Override
    public final void grow(long sizeBytes) {
        inner.grow(sizeBytes);
    }

    @Override
    public final String name() {
        return inner.name();
    }

    @Override
    public final void close() {
        inner.close();
    }
}
