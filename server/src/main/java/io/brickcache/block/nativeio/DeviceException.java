package io.brickcache.block.nativeio;

import java.io.IOException;
import java.nio.file.Path;

/** A device or file could not be opened or prepared; the message names it, what is wrong, and what to do. */
public final class DeviceException extends IOException {

    /** What is wrong, for whoever maps it to a status. */
    public enum Reason {
        /** Nothing is at the path. */
        MISSING,
        /** Neither a block device nor a regular file. */
        WRONG_KIND,
        /** The service may not open it. */
        NOT_PERMITTED,
        /** Somebody else uses it. */
        IN_USE,
        /** Its size, sector size or lack of direct I/O rules it out. */
        UNSUITABLE,
        /** Anything else that the kernel answered. */
        FAILED
    }

    private final transient Path path;
    private final Reason reason;
    private final String problem;
    private final String remedy;

    /**
     * @param problem what is wrong, without the path
     * @param remedy what an operator can do about it, as a command
     */
    public DeviceException(Path path, Reason reason, String problem, String remedy) {
        super(path + ": " + problem + "; " + remedy);
        this.path = path;
        this.reason = reason;
        this.problem = problem;
        this.remedy = remedy;
    }

    /** The error of a system call. */
    static DeviceException ofCall(Path path, String call, int errno) {
        Reason reason = switch (errno) {
            case Errno.ENOENT, Errno.ENXIO -> Reason.MISSING;
            case Errno.EPERM, Errno.EACCES, Errno.EROFS -> Reason.NOT_PERMITTED;
            case Errno.EBUSY -> Reason.IN_USE;
            case Errno.EISDIR -> Reason.WRONG_KIND;
            default -> Reason.FAILED;
        };
        String remedy = switch (errno) {
            case Errno.ENOENT -> "check the path, prefer a stable name below /dev/disk/by-id";
            case Errno.ENXIO -> "check that the device is attached";
            case Errno.EPERM, Errno.EACCES ->
                "let the service's user read and write it (group disk, or DeviceAllow in the unit)";
            case Errno.EROFS -> "mount the file system read-write or use another place";
            case Errno.EBUSY -> "stop whoever uses it";
            case Errno.EMFILE -> "raise LimitNOFILE";
            default -> "see the kernel's log for the device";
        };
        return new DeviceException(path, reason, call + " failed (" + Errno.describe(errno) + ")", remedy);
    }

    public Path path() {
        return path;
    }

    public Reason reason() {
        return reason;
    }

    /** What is wrong, beginning with the path. */
    public String problem() {
        return path + ": " + problem;
    }

    /** What an operator can do about it. */
    public String remedy() {
        return remedy;
    }
}
