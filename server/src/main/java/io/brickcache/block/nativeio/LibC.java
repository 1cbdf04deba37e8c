package io.brickcache.block.nativeio;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * The C library, mapped directly: pointers, {@code size_t} and {@code off_t} are Java longs (64-bit Linux only). Every
 * function returns -1 on error and leaves the error number to {@link Native#getLastError}.
 */
final class LibC {

    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_EXCL = 0x80;
    static final int O_CLOEXEC = 0x80000;
    /** Numbered by each architecture on its own. */
    static final int O_DIRECT = "aarch64".equals(System.getProperty("os.arch")) ? 0x10000 : 0x4000;

    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;

    static final int F_OFD_SETLK = 37;
    static final short F_RDLCK = 0;
    static final short F_WRLCK = 1;

    static final long BLKROGET = 0x125EL;
    static final long BLKSSZGET = 0x1268L;
    static final long BLKDISCARD = 0x1277L;
    static final long BLKZEROOUT = 0x127FL;
    static final long BLKGETSIZE64 = 0x80081272L;

    static final int AT_EMPTY_PATH = 0x1000;
    static final int STATX_DIOALIGN = 0x2000;

    static final int POSIX_FADV_RANDOM = 1;

    static {
        Native.register(LibC.class, NativeLibrary.getInstance("c"));
    }

    private LibC() {}

    static native int open(byte[] path, int flags);

    static native int close(int fd);

    static native long pread(int fd, long address, long length, long offset);

    static native long pwrite(int fd, long address, long length, long offset);

    static native int fdatasync(int fd);

    static native int fallocate(int fd, int mode, long offset, long length);

    static native int posix_fadvise(int fd, long offset, long length, int advice);

    static native long lseek(int fd, long offset, int whence);

    static native int ioctl(int fd, long request, long argumentAddress);

    static native int fcntl(int fd, int command, long argumentAddress);

    static native int statx(int fd, byte[] path, int flags, int mask, long resultAddress);
}
