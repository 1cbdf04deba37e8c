package io.brickcache.block;

import io.brickcache.block.nativeio.Descriptor;
import io.brickcache.block.nativeio.DeviceException;
import io.brickcache.block.nativeio.DeviceException.Reason;
import io.brickcache.block.nativeio.Errno;
import java.io.IOException;
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

    /** What comes before the size in an identity, at its end. */
    static final String SIZE = ",size=";

    /**
     * How far it goes.
     *
     * @param tail for what only a buffered descriptor reaches; null as long as there was nothing of that
     */
    private record Extent(Geometry geometry, @Nullable Descriptor tail) {
        long directEnd() {
            long bytes = geometry.sizeBytes();
            return tail == null ? bytes : bytes - bytes % geometry.sectorBytes();
        }
    }

    private static final Logger log = LoggerFactory.getLogger(OpenedDevice.class);

    private final Path path;
    private final Kind kind;
    private final String identity;
    private final boolean direct;
    private final Descriptor main;
    private volatile Extent extent;
    private final AtomicLong errors = new AtomicLong();

    OpenedDevice(
            Path path,
            Kind kind,
            String identity,
            Geometry geometry,
            boolean direct,
            Descriptor main,
            @Nullable Descriptor tail) {
        this.path = path;
        this.kind = kind;
        this.identity = identity;
        this.direct = direct;
        this.main = main;
        this.extent = new Extent(geometry, tail);
    }

    public Path path() {
        return path;
    }

    public Kind kind() {
        return kind;
    }

    /** Names this very device or file and the size it was opened with; equal after a restart, for records. */
    public String identity() {
        return identity;
    }

    /** True if two identities are of the same device or file, of whatever size. */
    public static boolean isSame(String identity, String other) {
        return withoutSize(identity).equals(withoutSize(other));
    }

    /**
     * True if an identity is no other device's, even without its size. Not so of a number, which may be another one's after
     * the next boot, and of a serial number, which virtual disks share.
     */
    public static boolean isUnique(String identity) {
        return !identity.startsWith(SysBlock.PREFIX) || SysBlock.isUnique(identity);
    }

    /** The identity of the same device when it has another size. */
    public static String withSize(String identity, long bytes) {
        return withoutSize(identity) + SIZE + bytes;
    }

    private static String withoutSize(String identity) {
        int at = identity.lastIndexOf(SIZE);
        return at < 0 ? identity : identity.substring(0, at);
    }

    /** True of a file that is not opened for direct I/O: what is written is in memory first. */
    public boolean isFileInPageCache() {
        return kind == Kind.FILE && !direct;
    }

    public Geometry geometry() {
        return extent.geometry();
    }

    /** Bytes that the device or file has now. */
    public long presentBytes() throws DeviceException {
        if (kind == Kind.BLOCK_DEVICE) {
            return main.blockDeviceBytes();
        }
        try {
            return FileNode.of(main.selfPath()).sizeBytes();
        } catch (IOException e) {
            throw new DeviceException(
                    path, Reason.FAILED, "cannot be examined (" + e.getMessage() + ")", "see the kernel's log");
        }
    }

    /**
     * Goes as far as {@code sizeBytes} from now on. No read or write is under way.
     *
     * @param sizeBytes a multiple of 512, not less than before
     */
    public void grow(long sizeBytes) throws DeviceException {
        Extent before = extent;
        long present = presentBytes();
        if (sizeBytes < before.geometry().sizeBytes() || sizeBytes > present) {
            throw new DeviceException(
                    path,
                    Reason.UNSUITABLE,
                    "has " + present + " bytes and cannot be used with " + sizeBytes,
                    "see what has changed its size");
        }
        Descriptor tail = before.tail();
        if (tail == null) {
            tail = DeviceOpener.openTail(main, before.geometry().withSize(sizeBytes), direct);
        }
        extent = new Extent(before.geometry().withSize(sizeBytes), tail);
    }

    /** The descriptor for everything that is not bound to a place: sync, holes, seeks. */
    public Descriptor main() {
        return main;
    }

    /** First byte that only the buffered descriptor reaches; the size if there is none. */
    public long directEnd() {
        return extent.directEnd();
    }

    /** The descriptor to read or write at this place. */
    public Descriptor descriptorAt(long position) {
        Extent now = extent;
        Descriptor tail = now.tail();
        return tail != null && position >= now.directEnd() ? tail : main;
    }

    /** How much of {@code remaining} bytes from this place on {@link #descriptorAt} can move in one call. */
    public long runBytes(long position, long remaining) {
        long directEnd = directEnd();
        return position >= directEnd ? remaining : Math.min(remaining, directEnd - position);
    }

    /**
     * Bytes done after a read or write that moved {@code moved} more: everything, or down to the sector at which the
     * next call can go on. Equal to {@code done} if nothing was gained, as at an end of file inside the device.
     */
    public long progress(long done, long moved, long length) {
        long total = done + moved;
        return total >= length
                ? length
                : Math.max(done, total - total % geometry().sectorBytes());
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
        Descriptor tail = extent.tail();
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
