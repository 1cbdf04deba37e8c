package io.brickcache.block.ring;

import io.netty.channel.uring.IoUringIoOps;

/** The submission queue entries a device needs, as {@code io_uring_enter(2)} lays them out. */
final class RingOps {

    private static final byte FSYNC = 3;
    private static final byte FALLOCATE = 17;
    private static final byte READ = 22;
    private static final byte WRITE = 23;

    private static final int FSYNC_DATASYNC = 1;
    /** With WRITE: durable when it completes, as with O_DSYNC. */
    private static final int RWF_DSYNC = 2;

    private RingOps() {}

    static IoUringIoOps read(int fd, long address, int length, long offset, short slot) {
        return entry(READ, fd, offset, address, length, 0, slot);
    }

    static IoUringIoOps write(int fd, long address, int length, long offset, boolean durable, short slot) {
        return entry(WRITE, fd, offset, address, length, durable ? RWF_DSYNC : 0, slot);
    }

    static IoUringIoOps syncData(int fd, short slot) {
        return entry(FSYNC, fd, 0, 0, 0, FSYNC_DATASYNC, slot);
    }

    /** The length goes where others have their address, the mode where they have their length. */
    static IoUringIoOps fallocate(int fd, int mode, long offset, long length, short slot) {
        return entry(FALLOCATE, fd, offset, length, mode, 0, slot);
    }

    private static IoUringIoOps entry(
            byte opcode, int fd, long offset, long address, int length, int operationFlags, long slot) {
        return new IoUringIoOps(
                opcode,
                (byte) 0,
                (short) 0,
                fd,
                offset,
                address,
                length,
                operationFlags,
                slot,
                (short) 0,
                (short) 0,
                0,
                0);
    }
}
