package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Stands in for a disk that cannot be opened or may not be touched, so that its cache can be loaded: what is dirty stays on
 * the SSD. Reads and changes fail; a FLUSH is OK, since nothing was ever written here.
 */
final class MissingDisk implements BlockDevice {

    private final String name;
    private final Geometry geometry;

    MissingDisk(String name, long sizeBytes) {
        this(name, new Geometry(sizeBytes, 512, 4096, false, false, false));
    }

    /** Looks like the disk that it stands in for. */
    MissingDisk(String name, Geometry geometry) {
        this.name = name;
        this.geometry = geometry;
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    /** Nobody knows what it has by now. */
    @Override
    public long presentBytes() {
        throw new UncheckedIOException(new IOException(name + " is not there, or may not be touched"));
    }

    @Override
    public void submit(IoRequest request) {
        request.completed(request.op() == IoOp.FLUSH ? IoStatus.OK : IoStatus.IO_ERROR);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void close() {}
}
