package io.brickcache.block.ring;

import io.netty.channel.uring.IoUringIoOps;

/** The submission queue entries a device needs, as {@code io_uring_enter(2)} lays them out. */
final class RingOps {

    static final byte FSYNC = 3;
    static final byte FALLOCATE = 17;
    static final byte READ = 22;
    static final byte WRITE = 23;

    /** Flag of FSYNC: content and size only. */
    static final int FSYNC_DATASYNC = 1;
    /** Flag of WRITE: durable when it completes, as with O_DSYNC. */
    static final int RWF_DSYNC = 2;

    private RingOps() {}

    /**
     * An entry. Netty's object is immutable, so there is one per entry; the compiler removes it where it is made and
     * submitted in one place (SteadyStateAllocationTest).
     *
     * @param address memory of a transfer; the length in bytes of a FALLOCATE
     * @param length bytes of a transfer; the mode of a FALLOCATE
     * @param slot what the completion brings back; 16 bits, or Netty needs a table
     */
    static IoUringIoOps entry(byte opcode, int fd, long offset, long address, int length, int flags, short slot) {
        return new IoUringIoOps(
                opcode,
                (byte) 0,
                (short) 0,
                fd,
                offset,
                address,
                length,
                flags,
                (long) slot,
                (short) 0,
                (short) 0,
                0,
                0);
    }
}
