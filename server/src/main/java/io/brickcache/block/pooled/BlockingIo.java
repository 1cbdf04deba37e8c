package io.brickcache.block.pooled;

import com.sun.jna.Memory;
import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenedDevice;
import io.brickcache.block.nativeio.Descriptor;
import io.brickcache.block.nativeio.Errno;

/** Executes checked requests with calls that block until they are done. Thread-safe. */
final class BlockingIo {

    /** Calls in a row that may be interrupted or put off before the request fails. */
    private static final int MAX_RETRIES = 100;

    private static final int ZEROES_BYTES = 1 << 20;
    private static final int ALIGNMENT = 4096;

    private final OpenedDevice device;
    /** What TRIM and WRITE_ZEROES turned out not to have; only ever set. */
    private volatile boolean noPunchHole;

    private volatile boolean noZeroRange;
    private volatile boolean noDiscard;

    BlockingIo(OpenedDevice device) {
        this.device = device;
    }

    IoStatus execute(IoRequest request) {
        return switch (request.op()) {
            case READ -> status(request, move(request));
            case WRITE -> durable(request, status(request, move(request)));
            case FLUSH -> status(request, device.main().syncData());
            case TRIM -> durable(request, trim(request));
            case WRITE_ZEROES -> durable(request, writeZeroes(request));
            case EXTENTS -> ExtentScan.describe(device, (ExtentsRequest) request);
            case CACHE -> IoStatus.OK;
        };
    }

    /** 0, or {@code -errno}, or -{@link Errno#EIO} after the end of a truncated file. */
    private long move(IoRequest request) {
        long address = request.buffer().address() + request.bufferOffset();
        return move(request.op(), address, request.offset(), request.length());
    }

    private long move(IoOp op, long address, long offset, long length) {
        long done = 0;
        int retries = 0;
        while (done < length) {
            long position = offset + done;
            Descriptor descriptor = device.descriptorAt(position);
            long run = device.runBytes(position, length - done);
            long result = op == IoOp.READ
                    ? descriptor.read(address + done, run, position)
                    : descriptor.write(address + done, run, position);
            if (Errno.isTransient(result) && retries++ < MAX_RETRIES) {
                continue;
            }
            if (result < 0) {
                return result;
            }
            long total = device.progress(done, result, length);
            if (total == done) {
                return -Errno.EIO;
            }
            done = total;
            retries = 0;
        }
        return 0;
    }

    private IoStatus trim(IoRequest request) {
        if (!device.geometry().canTrim()) {
            return IoStatus.OK;
        }
        if (!noPunchHole) {
            long result = device.main().fallocate(Descriptor.PUNCH_HOLE, request.offset(), request.length());
            if (!Errno.isUnsupported(result)) {
                return status(request, result);
            }
            noPunchHole = true;
        }
        // A device that discards, but does not promise zeroes.
        if (device.kind() == OpenedDevice.Kind.BLOCK_DEVICE && !noDiscard) {
            long result = device.main().discard(request.offset(), request.length());
            if (!Errno.isUnsupported(result)) {
                return status(request, result);
            }
            noDiscard = true;
        }
        return IoStatus.OK;
    }

    private IoStatus writeZeroes(IoRequest request) {
        boolean fast = request.has(IoRequest.FAST_ZERO);
        if (fast && !device.geometry().canFastZero()) {
            return IoStatus.NOT_SUPPORTED;
        }
        Descriptor main = device.main();
        if (!request.has(IoRequest.NO_HOLE) && !noPunchHole) {
            long result = main.fallocate(Descriptor.PUNCH_HOLE, request.offset(), request.length());
            if (!Errno.isUnsupported(result)) {
                return status(request, result);
            }
            noPunchHole = true;
        }
        if (!noZeroRange) {
            long result = main.fallocate(Descriptor.ZERO_RANGE, request.offset(), request.length());
            if (!Errno.isUnsupported(result)) {
                return status(request, result);
            }
            noZeroRange = true;
        }
        return fast ? IoStatus.NOT_SUPPORTED : status(request, writeOutZeroes(request.offset(), request.length()));
    }

    private long writeOutZeroes(long offset, long length) {
        int chunk = (int) Math.min(length, ZEROES_BYTES);
        try (Memory memory = new Memory(chunk + ALIGNMENT)) {
            memory.clear();
            long address = Memory.nativeValue(memory) + ALIGNMENT - 1 & -(long) ALIGNMENT;
            for (long done = 0; done < length; done += chunk) {
                long result = move(IoOp.WRITE, address, offset + done, Math.min(chunk, length - done));
                if (result < 0) {
                    return result;
                }
            }
            return 0;
        }
    }

    private IoStatus durable(IoRequest request, IoStatus status) {
        return status.isOk() && request.has(IoRequest.FUA)
                ? status(request, device.main().syncData())
                : status;
    }

    private IoStatus status(IoRequest request, long result) {
        if (result < 0) {
            device.reportFailure(request, result);
            return IoStatus.IO_ERROR;
        }
        return IoStatus.OK;
    }
}
