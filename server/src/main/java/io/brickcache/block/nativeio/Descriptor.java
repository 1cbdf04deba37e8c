package io.brickcache.block.nativeio;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * An open file or block device. Positioned calls may be made from any thread at once; whoever closes it has made sure
 * that no call is under way. Calls that return a number return {@code -errno} on error, see {@link Errno}.
 */
public final class Descriptor implements AutoCloseable {

    /** How a descriptor is opened. */
    public enum Flag {
        WRITE(LibC.O_RDWR),
        /** Past the page cache. */
        DIRECT(LibC.O_DIRECT),
        /** Of a block device: refused while a file system, md, dm or swap holds it, and keeps them off. */
        EXCLUSIVE(LibC.O_EXCL);

        private final int bits;

        Flag(int bits) {
            this.bits = bits;
        }
    }

    /** With {@link #fallocate}: frees the range, which then reads as zeroes. */
    public static final int PUNCH_HOLE = 0x02 | 0x01;
    /** With {@link #fallocate}: the range reads as zeroes and stays allocated. */
    public static final int ZERO_RANGE = 0x10 | 0x01;

    private static final byte[] EMPTY_PATH = {0};
    private static final int STATX_BYTES = 256;
    private static final int FLOCK_BYTES = 32;

    private final Path path;
    private int fd;

    private Descriptor(Path path, int fd) {
        this.path = path;
        this.fd = fd;
    }

    /** Opens what is at the path, following links; closed on exec. */
    public static Descriptor open(Path path, Flag... flags) throws DeviceException {
        int bits = LibC.O_RDONLY | LibC.O_CLOEXEC;
        for (Flag flag : flags) {
            bits |= flag.bits;
        }
        int fd = LibC.open(nativePath(path), bits);
        if (fd < 0) {
            throw DeviceException.ofCall(path, "open", Native.getLastError());
        }
        return new Descriptor(path, fd);
    }

    /** The number by which the kernel knows it. */
    public int number() {
        return fd;
    }

    /** A name that leads to exactly what is open, whatever happened to its path since. */
    public Path selfPath() {
        return Path.of("/proc/self/fd/" + fd);
    }

    /** Bytes read to the address, 0 at the end, or {@code -errno}. */
    public long read(long address, long length, long offset) {
        return result(LibC.pread(fd, address, length, offset));
    }

    /** Bytes written from the address, or {@code -errno}. */
    public long write(long address, long length, long offset) {
        return result(LibC.pwrite(fd, address, length, offset));
    }

    /** Makes everything written durable, through whichever descriptor of the same file: 0 or {@code -errno}. */
    public long syncData() {
        return result(LibC.fdatasync(fd));
    }

    /** Frees or zeroes a range, by {@link #PUNCH_HOLE} or {@link #ZERO_RANGE}: 0 or {@code -errno}. */
    public long fallocate(int mode, long offset, long length) {
        return result(LibC.fallocate(fd, mode, offset, length));
    }

    /** Discards a range of a block device, content undefined afterwards: 0 or {@code -errno}. */
    public long discard(long offset, long length) {
        return rangeIoctl(LibC.BLKDISCARD, offset, length);
    }

    /** Zeroes a range of a block device, by the kernel's best means: 0 or {@code -errno}. */
    public long zeroOut(long offset, long length) {
        return rangeIoctl(LibC.BLKZEROOUT, offset, length);
    }

    /** Start of the first data at or after the offset, or {@code -errno}; {@code -ENXIO} if only a hole follows. */
    public long seekData(long offset) {
        return result(LibC.lseek(fd, offset, LibC.SEEK_DATA));
    }

    /** Start of the first hole at or after the offset (the end of the file counts as one), or {@code -errno}. */
    public long seekHole(long offset) {
        return result(LibC.lseek(fd, offset, LibC.SEEK_HOLE));
    }

    /** Tells the kernel not to read ahead. A hint: failure does not matter. */
    public void adviseRandom() {
        LibC.posix_fadvise(fd, 0, 0, LibC.POSIX_FADV_RANDOM);
    }

    /** Bytes of a block device. */
    public long blockDeviceBytes() throws DeviceException {
        try (Memory value = new Memory(Long.BYTES)) {
            query("ioctl BLKGETSIZE64", LibC.BLKGETSIZE64, value);
            return value.getLong(0);
        }
    }

    /** Bytes of a logical sector of a block device. */
    public int logicalSectorBytes() throws DeviceException {
        return queryInt("ioctl BLKSSZGET", LibC.BLKSSZGET);
    }

    /** True if the block device refuses writes. */
    public boolean isReadOnlyDevice() throws DeviceException {
        return queryInt("ioctl BLKROGET", LibC.BLKROGET) != 0;
    }

    /**
     * What the kernel says of direct I/O: the larger of the alignments it asks of memory and of offsets, in bytes; 0 if
     * it says that there is none; -1 if it says nothing (before Linux 6.1, or not for this file system).
     */
    public int directAlignment() {
        try (Memory statx = new Memory(STATX_BYTES)) {
            statx.clear();
            int result = LibC.statx(fd, EMPTY_PATH, LibC.AT_EMPTY_PATH, LibC.STATX_DIOALIGN, Memory.nativeValue(statx));
            if (result != 0 || (statx.getInt(0) & LibC.STATX_DIOALIGN) == 0) {
                return -1;
            }
            int memory = statx.getInt(152);
            int offset = statx.getInt(156);
            return memory == 0 || offset == 0 ? 0 : Math.max(memory, offset);
        }
    }

    /**
     * Locks a regular file as a whole, for writing if {@code exclusive}, until it is closed: an open-file-description
     * lock, which also keeps off a second descriptor of this process.
     *
     * @return 0, or {@code -EAGAIN} or {@code -EACCES} if somebody holds a lock that conflicts, or another {@code -errno}
     */
    public long lock(boolean exclusive) {
        try (Memory flock = new Memory(FLOCK_BYTES)) {
            flock.clear();
            flock.setShort(0, exclusive ? LibC.F_WRLCK : LibC.F_RDLCK);
            return result(LibC.fcntl(fd, LibC.F_OFD_SETLK, Memory.nativeValue(flock)));
        }
    }

    /** Idempotent. */
    @Override
    public void close() {
        if (fd >= 0) {
            LibC.close(fd);
            fd = -1;
        }
    }

    private int queryInt(String call, long request) throws DeviceException {
        try (Memory value = new Memory(Long.BYTES)) {
            query(call, request, value);
            return value.getInt(0);
        }
    }

    private void query(String call, long request, Memory value) throws DeviceException {
        if (LibC.ioctl(fd, request, Memory.nativeValue(value)) != 0) {
            throw DeviceException.ofCall(path, call, Native.getLastError());
        }
    }

    private long rangeIoctl(long request, long offset, long length) {
        try (Memory range = new Memory(2 * Long.BYTES)) {
            range.setLong(0, offset);
            range.setLong(Long.BYTES, length);
            return result(LibC.ioctl(fd, request, Memory.nativeValue(range)));
        }
    }

    private static long result(long returned) {
        return returned >= 0 ? returned : -Native.getLastError();
    }

    private static byte[] nativePath(Path path) {
        String encoding = System.getProperty("sun.jnu.encoding");
        Charset charset = encoding == null ? StandardCharsets.UTF_8 : Charset.forName(encoding);
        return (path + "\0").getBytes(charset);
    }
}
