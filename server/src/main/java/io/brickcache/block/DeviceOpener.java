package io.brickcache.block;

import io.brickcache.block.OpenOptions.Access;
import io.brickcache.block.OpenOptions.Caching;
import io.brickcache.block.nativeio.Descriptor;
import io.brickcache.block.nativeio.Descriptor.Flag;
import io.brickcache.block.nativeio.DeviceException;
import io.brickcache.block.nativeio.DeviceException.Reason;
import io.brickcache.block.nativeio.Errno;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Opens a block device or a regular file for us alone and finds out its geometry. A block device is claimed with O_EXCL,
 * a file is locked as a whole. Blocks briefly; not for a loop that serves.
 */
public final class DeviceOpener {

    private static final int SECTOR = 512;
    private static final int LARGE_SECTOR = 4096;
    private static final String NO_DIRECT_REMEDY = "use a file system that can (ext4, xfs), or set io.direct: false";

    private final Path path;
    private final OpenOptions options;

    private DeviceOpener(Path path, OpenOptions options) {
        this.path = path;
        this.options = options;
    }

    /**
     * Opens the device.
     *
     * @throws DeviceException if it is missing, in use, not permitted or not suitable
     */
    public static OpenedDevice open(Path path, OpenOptions options) throws DeviceException {
        DeviceOpener opener = new DeviceOpener(path, options);
        FileNode node = opener.examine(path);
        return switch (node.kind()) {
            case FILE -> opener.openFile();
            case BLOCK_DEVICE -> opener.openBlockDevice(SysBlock.ofDeviceNumber(node.deviceNumber()));
            case DIRECTORY ->
                throw opener.error(Reason.WRONG_KIND, "is a directory", "name a block device or an image file");
            case OTHER ->
                throw opener.error(
                        Reason.WRONG_KIND,
                        "is neither a block device nor a regular file",
                        "name a block device or an image file");
        };
    }

    private OpenedDevice openBlockDevice(SysBlock sys) throws DeviceException {
        Descriptor main;
        try {
            main = Descriptor.open(path, flags(!sys.isReadOnly(), Flag.EXCLUSIVE));
        } catch (DeviceException e) {
            throw e.reason() == Reason.IN_USE
                    ? error(Reason.IN_USE, "is in use" + sys.describeUsers(), "unmount or stop what uses it")
                    : e;
        }
        try {
            long size = checkedSize(main.blockDeviceBytes());
            int logical = main.logicalSectorBytes();
            int sector = sectorFor(path, isDirect() ? Math.max(logical, directAlignment(main)) : logical);
            boolean readOnly = options.access() == Access.READ_ONLY || main.isReadOnlyDevice();
            Geometry geometry = new Geometry(
                    size,
                    sector,
                    LARGE_SECTOR,
                    !readOnly && sys.canDiscard(),
                    !readOnly && sys.canZeroFast(),
                    readOnly);
            return opened(main, OpenedDevice.Kind.BLOCK_DEVICE, sys.identity() + OpenedDevice.SIZE + size, geometry);
        } catch (DeviceException e) {
            main.close();
            throw e;
        }
    }

    private OpenedDevice openFile() throws DeviceException {
        Descriptor main;
        try {
            main = Descriptor.open(path, flags(true));
        } catch (DeviceException e) {
            // The kernel's way to say that a file system has no O_DIRECT.
            throw isDirect() && e.reason() == Reason.FAILED
                    ? error(Reason.UNSUITABLE, "cannot be opened for direct I/O: " + e.getMessage(), NO_DIRECT_REMEDY)
                    : e;
        }
        try {
            boolean readOnly = options.access() == Access.READ_ONLY;
            lock(main, readOnly);
            FileNode node = examine(main.selfPath());
            long size = checkedSize(node.sizeBytes());
            int sector = isDirect() ? sectorFor(path, Math.max(SECTOR, directAlignment(main))) : SECTOR;
            // Beyond the end there is nothing to free: this only asks whether the file system knows the call.
            boolean punches = !readOnly && main.fallocate(Descriptor.PUNCH_HOLE, size, LARGE_SECTOR) == 0;
            Geometry geometry = new Geometry(size, sector, LARGE_SECTOR, punches, punches, readOnly);
            String identity = "file:inode=" + node.inode() + OpenedDevice.SIZE + size;
            return opened(main, OpenedDevice.Kind.FILE, identity, geometry);
        } catch (DeviceException e) {
            main.close();
            throw e;
        }
    }

    private OpenedDevice opened(Descriptor main, OpenedDevice.Kind kind, String identity, Geometry geometry)
            throws DeviceException {
        Descriptor tail = openTail(main, geometry, isDirect());
        return new OpenedDevice(path, kind, identity, geometry, isDirect(), main, tail);
    }

    /** Opens what reaches the last bytes, less than a sector, if there are such and {@code direct} I/O cannot; or null. */
    static @Nullable Descriptor openTail(Descriptor main, Geometry geometry, boolean direct) throws DeviceException {
        if (!direct || geometry.sizeBytes() % geometry.sectorBytes() == 0) {
            return null;
        }
        Descriptor tail = Descriptor.open(main.selfPath(), geometry.readOnly() ? new Flag[0] : new Flag[] {Flag.WRITE});
        tail.adviseRandom();
        return tail;
    }

    private void lock(Descriptor file, boolean readOnly) throws DeviceException {
        long result = file.lock(!readOnly);
        if (result == -Errno.EAGAIN || result == -Errno.EACCES) {
            throw error(
                    Reason.IN_USE,
                    "is in use, another process or brick has locked it",
                    "stop who uses it (lslocks shows the process)");
        }
        if (result < 0) {
            throw error(
                    Reason.UNSUITABLE,
                    "cannot be locked (" + Errno.describe((int) -result) + ")",
                    "put it on a local file system");
        }
    }

    /** Bytes, a positive multiple of 512. */
    private long checkedSize(long size) throws DeviceException {
        if (size == 0) {
            throw error(Reason.UNSUITABLE, "has size 0", "give it a size first (truncate -s SIZE)");
        }
        if (size % SECTOR != 0) {
            throw error(
                    Reason.UNSUITABLE,
                    "has " + size + " bytes, not a multiple of 512",
                    "make it " + (size / SECTOR + 1) * SECTOR + " bytes (truncate -s)");
        }
        return size;
    }

    /** The sector to announce for an alignment in bytes: what is between 512 and 4096 is treated as 4096. */
    static int sectorFor(Path path, int alignment) throws DeviceException {
        if (alignment > LARGE_SECTOR || Integer.bitCount(alignment) != 1) {
            throw new DeviceException(
                    path,
                    Reason.UNSUITABLE,
                    "has sectors or an alignment of " + alignment + " bytes, only 512 to 4096 are supported",
                    "use another device");
        }
        return alignment <= SECTOR ? SECTOR : LARGE_SECTOR;
    }

    /** Alignment in bytes that direct I/O asks for. */
    private int directAlignment(Descriptor descriptor) throws DeviceException {
        int told = descriptor.directAlignment();
        if (told > 0) {
            return told;
        }
        if (told < 0) {
            int found = DirectProbe.smallestAlignment(descriptor);
            if (found > 0) {
                return found;
            }
        }
        throw error(Reason.UNSUITABLE, "cannot do direct I/O", NO_DIRECT_REMEDY);
    }

    private boolean isDirect() {
        return options.caching() == Caching.DIRECT;
    }

    private Flag[] flags(boolean writable, Flag... more) {
        List<Flag> flags = new ArrayList<>(3);
        if (writable && options.access() == Access.READ_WRITE) {
            flags.add(Flag.WRITE);
        }
        if (isDirect()) {
            flags.add(Flag.DIRECT);
        }
        flags.addAll(List.of(more));
        return flags.toArray(new Flag[0]);
    }

    private FileNode examine(Path node) throws DeviceException {
        try {
            return FileNode.of(node);
        } catch (NoSuchFileException e) {
            throw error(Reason.MISSING, "does not exist", "check the path, prefer a stable name of /dev/disk/by-id");
        } catch (AccessDeniedException e) {
            throw error(Reason.NOT_PERMITTED, "cannot be reached", "let the service's user search its directories");
        } catch (IOException e) {
            throw error(Reason.FAILED, "cannot be examined (" + e.getMessage() + ")", "see the kernel's log");
        }
    }

    private DeviceException error(Reason reason, String problem, String remedy) {
        return new DeviceException(path, reason, problem, remedy);
    }
}
