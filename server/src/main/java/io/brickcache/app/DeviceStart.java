package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** Reads and writes what lies at the start of a device, for threads that may block. */
final class DeviceStart {

    /** The smallest pool has so much. */
    private static final int MAX_PART_BYTES = 1 << 16;

    private final LoopHost host;
    private final BlockDevice device;

    DeviceStart(LoopHost host, BlockDevice device) {
        this.host = host;
        this.device = device;
    }

    /** The first bytes, a multiple of 4096. */
    ByteBuffer read(int bytes) {
        return read(0, bytes);
    }

    /** The bytes from {@code offset} on; both are multiples of 4096. */
    ByteBuffer read(long offset, int bytes) {
        ByteBuffer result = ByteBuffer.allocate(bytes);
        while (result.hasRemaining()) {
            readPart(offset + result.position(), Math.min(MAX_PART_BYTES, result.remaining()), result);
        }
        return result.flip();
    }

    private void readPart(long offset, int bytes, ByteBuffer to) {
        IoStatus status = host.await(done -> {
            IoBuffer buffer = allocate(bytes);
            Request request = new Request(outcome -> {
                to.put(buffer.bytes(0, bytes));
                buffer.release();
                done.accept(outcome);
            });
            request.prepare(IoOp.READ, offset, bytes, 0, buffer, 0);
            device.submit(request);
        });
        check(status, "read");
    }

    /** Writes the first bytes, a multiple of 4096, and makes the whole device durable. */
    void write(ByteBuffer bytes) {
        int length = bytes.remaining();
        check(
                host.await(done -> {
                    IoBuffer buffer = allocate(length);
                    buffer.bytes(0, length).put(bytes);
                    Request request = new Request(outcome -> {
                        buffer.release();
                        done.accept(outcome);
                    });
                    request.prepare(IoOp.WRITE, 0, length, 0, buffer, 0);
                    device.submit(request);
                }),
                "written");
        check(
                host.await(done -> {
                    Request request = new Request(done);
                    request.prepareFlush();
                    device.submit(request);
                }),
                "synced");
    }

    private IoBuffer allocate(int bytes) {
        IoBuffer buffer = host.buffers().tryAllocate(bytes);
        if (buffer == null) {
            throw Failures.busy("all memory for the requests of clients is in use");
        }
        return buffer;
    }

    private void check(IoStatus status, String what) {
        if (!status.isOk()) {
            throw Failures.io(device.name() + " cannot be " + what);
        }
    }

    private static final class Request extends IoRequest {
        private final Consumer<IoStatus> done;

        Request(Consumer<IoStatus> done) {
            this.done = done;
        }

        @Override
        public void completed(IoStatus status) {
            done.accept(status);
        }
    }
}
