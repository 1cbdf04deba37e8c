package io.brickcache.block.nativeio;

/**
 * Linux error numbers, positive here. Calls that return a count return {@code -errno} instead on error, as io_uring
 * does, so that both engines judge results in the same way.
 */
public final class Errno {

    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int EAGAIN = 11;
    public static final int EACCES = 13;
    public static final int EBUSY = 16;
    public static final int EISDIR = 21;
    public static final int EINVAL = 22;
    public static final int EMFILE = 24;
    public static final int ENOTTY = 25;
    public static final int ENOSPC = 28;
    public static final int EROFS = 30;
    public static final int ENOSYS = 38;
    public static final int EOPNOTSUPP = 95;

    private Errno() {}

    /** True if the same call may succeed when it is made again. */
    public static boolean isTransient(long result) {
        return result == -EINTR || result == -EAGAIN;
    }

    /** True if the kernel, driver or file system does not have the operation. */
    public static boolean isUnsupported(long result) {
        return result == -EOPNOTSUPP || result == -ENOSYS || result == -ENOTTY;
    }

    /** The symbol and the words of it, for messages. */
    public static String describe(int errno) {
        return switch (errno) {
            case EPERM -> "EPERM, operation not permitted";
            case ENOENT -> "ENOENT, no such file or directory";
            case EINTR -> "EINTR, interrupted";
            case EIO -> "EIO, input/output error";
            case ENXIO -> "ENXIO, no such device";
            case EAGAIN -> "EAGAIN, resource temporarily unavailable";
            case EACCES -> "EACCES, permission denied";
            case EBUSY -> "EBUSY, device or resource busy";
            case EISDIR -> "EISDIR, is a directory";
            case EINVAL -> "EINVAL, invalid argument";
            case EMFILE -> "EMFILE, too many open files";
            case ENOTTY -> "ENOTTY, not a device of this kind";
            case ENOSPC -> "ENOSPC, no space left";
            case EROFS -> "EROFS, read-only file system";
            case ENOSYS -> "ENOSYS, not implemented by this kernel";
            case EOPNOTSUPP -> "EOPNOTSUPP, operation not supported";
            default -> "errno " + errno;
        };
    }
}
