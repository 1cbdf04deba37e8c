package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * CRC32C of the first and the last MiB of a disk: partition tables, superblocks, RAID and LVM labels, which somebody who
 * uses the disk without the service is most likely to change. Taken at an orderly stop, when nobody may write to the disk
 * any more, and compared at the next start. A write elsewhere leaves it as it is: it adds to the fence, it is not the fence.
 */
final class DiskFingerprint {

    private static final int PART_BYTES = 1 << 20;
    private static final int ALIGNMENT = 4096;

    private DiskFingerprint() {}

    /**
     * Reads what a brick of that size has of the disk; blocks. Null if it cannot be read: no evidence of anything.
     */
    static @Nullable Integer of(LoopHost host, BlockDevice disk, long size) {
        long tail = Math.max(0, (size - PART_BYTES) & -(long) ALIGNMENT);
        CRC32C crc = new CRC32C();
        return read(host, disk, 0, (int) Math.min(size, PART_BYTES), crc)
                        && read(host, disk, tail, (int) (size - tail), crc)
                ? Integer.valueOf((int) crc.getValue())
                : null;
    }

    private static boolean read(LoopHost host, BlockDevice disk, long offset, int length, CRC32C crc) {
        return host.await(done -> {
                    IoBuffer buffer = host.buffers().tryAllocate(length);
                    if (buffer == null) {
                        done.accept(IoStatus.IO_ERROR);
                        return;
                    }
                    Read read = new Read(status -> {
                        crc.update(buffer.bytes(0, length));
                        buffer.release();
                        done.accept(status);
                    });
                    read.prepare(IoOp.READ, offset, length, 0, buffer, 0);
                    disk.submit(read);
                })
                .isOk();
    }

    private static final class Read extends IoRequest {
        private final Consumer<IoStatus> done;

        Read(Consumer<IoStatus> done) {
            this.done = done;
        }

        @Override
        public void completed(IoStatus status) {
            done.accept(status);
        }
    }
}
