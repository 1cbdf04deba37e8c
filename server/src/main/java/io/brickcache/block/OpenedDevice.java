package io.brickcache.block;

import io.brickcache.block.nativeio.Descriptor;
import io.brickcache.block.nativeio.Errno;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What {@link DeviceOpener} found and holds open. The bytes from {@link #directEnd} to the end of the device, less than
 * a sector, cannot be reached past the page cache; they are read and written through a second, buffered descriptor. A
 * sync of either covers both.
 */
public final class OpenedDevice implements AutoCloseable {

    /** What it is. */
    public enum Kind {
        BLOCK_DEVICE,
        FILE
    }

    private static final Logger log = LoggerFactory.getLogger(OpenedDevice.class);

    private final Path path;
    private final Kind kind;
    private final String identity;
    private final Geometry geometry;
    private final Descriptor main;
    private final @Nullable Descriptor tail;
    private final long directEnd;
    private final AtomicLong errors = new AtomicLong();

    OpenedDevice(Path path, Kind kind, String identity, Geometry geometry, Descriptor main, @Nullable Descriptor tail) {
        this.path = path;
        this.kind = kind;
        this.identity = identity;
        this.geometry = geometry;
        this.main = main;
        this.tail = tail;
        this.directEnd = tail == null
                ? geometry.sizeBytes()
                : geometry.sizeBytes() - geometry.sizeBytes() % geometry.sectorBytes();
    }

    public Path path() {
        return path;
    }

    public Kind kind() {
        return kind;
    }

    /** Names this very device or file and its size; equal after a restart, for records and comparisons. */
    public String identity() {
        return identity;
    }

    public Geometry geometry() {
        return geometry;
    }

    /** The descriptor for everything that is not bound to a place: sync, holes, seeks. */
    public Descriptor main() {
        return main;
    }

    /** First byte that only the buffered descriptor reaches; the size if there is none. */
    public long directEnd() {
        return directEnd;
    }

    /** The descriptor to read or write at this place. */
    public Descriptor descriptorAt(long position) {
        return tail != null && position >= directEnd ? tail : main;
    }

    /** How much of {@code remaining} bytes from this place on {@link #descriptorAt} can move in one call. */
    public long runBytes(long position, long remaining) {
        return position >= directEnd ? remaining : Math.min(remaining, directEnd - position);
    }

    /**
     * Bytes done after a read or write that moved {@code moved} more: everything, or down to the sector at which the
     * next call can go on. Equal to {@code done} if nothing was gained, as at an end of file inside the device.
     */
    public long progress(long done, long moved, long length) {
        long total = done + moved;
        return total >= length ? length : Math.max(done, total - total % geometry.sectorBytes());
    }

    /** Writes a failed request to the log: the 1st, 2nd, 4th, 8th, ... of the device. May be called on any thread. */
    public void reportFailure(IoRequest request, long result) {
        long count = errors.incrementAndGet();
        if (Long.bitCount(count) == 1) {
            String cause = result < 0 ? Errno.describe((int) -result) : "it ends before its size, was it truncated?";
            log.warn("{}: {} failed: {} ({} failures so far)", path, request, cause, count);
        }
    }

    @Override
    public void close() {
        if (tail != null) {
            tail.close();
        }
        main.close();
    }

    @Override
    public String toString() {
        return path + " (" + identity + ")";
    }
}
