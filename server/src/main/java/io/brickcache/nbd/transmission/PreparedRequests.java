package io.brickcache.nbd.transmission;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.nbd.wire.MetaContext;
import io.brickcache.nbd.wire.RequestHeader;
import io.brickcache.nbd.wire.TransmissionCodes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns validated headers into requests to the device. Owns the request objects, a fixed number of each kind. */
final class PreparedRequests {

    private final BlockDevice device;
    private final ConnectionMemory memory;
    private final List<MetaContext> contexts;
    private final RequestSlots<DataRequest> slots;
    private final RequestSlots<BlockStatusRequest> statusSlots;

    PreparedRequests(
            TransmissionHandler connection, BlockDevice device, ConnectionMemory memory, List<MetaContext> contexts) {
        this.device = device;
        this.memory = memory;
        this.contexts = contexts;
        this.slots = new RequestSlots<>(TransmissionHandler.MAX_IN_FLIGHT, () -> new DataRequest(connection));
        this.statusSlots =
                new RequestSlots<>(TransmissionHandler.MAX_STATUS_IN_FLIGHT, () -> new BlockStatusRequest(connection));
    }

    /** True if no request but a BLOCK_STATUS can be prepared before another one is recycled. */
    boolean isExhausted() {
        return slots.isExhausted();
    }

    /**
     * A request that is ready to be submitted, but for the payload of a WRITE; null if memory or a request object is
     * missing at the moment, to be asked again for the same header. To be called only when not {@link #isExhausted}.
     */
    @Nullable
    IoRequest prepare(RequestHeader header) {
        return switch (header.type()) {
            case TransmissionCodes.CMD_READ -> withBuffer(IoOp.READ, header);
            case TransmissionCodes.CMD_WRITE -> withBuffer(IoOp.WRITE, header);
            case TransmissionCodes.CMD_FLUSH -> withoutBuffer(IoOp.FLUSH, header);
            case TransmissionCodes.CMD_TRIM -> withoutBuffer(IoOp.TRIM, header);
            case TransmissionCodes.CMD_CACHE -> withoutBuffer(IoOp.CACHE, header);
            case TransmissionCodes.CMD_WRITE_ZEROES -> withoutBuffer(IoOp.WRITE_ZEROES, header);
            case TransmissionCodes.CMD_BLOCK_STATUS -> status(header);
            default -> throw new IllegalStateException("command " + header.type() + " passed validation");
        };
    }

    /** Prepares a BLOCK_STATUS that was answered in one context for the next one. */
    void prepareNextContext(BlockStatusRequest request) {
        request.nextContext();
        describe(request, request.offset(), request.length());
    }

    void recycle(DataRequest request) {
        slots.put(request);
    }

    void recycle(BlockStatusRequest request) {
        statusSlots.put(request);
    }

    /** The data lies in its buffer as on the device, modulo the preferred size, with room up to its next multiple. */
    private @Nullable IoRequest withBuffer(IoOp op, RequestHeader header) {
        int unit = device.geometry().preferredBytes();
        int length = (int) header.length();
        int bufferOffset = (int) (header.offset() & unit - 1);
        IoBuffer buffer = memory.acquire(bufferOffset + length + unit - 1 & -unit);
        if (buffer == null) {
            return null;
        }
        DataRequest request = takeSlot(header);
        request.prepare(op, header.offset(), length, flags(op, header), buffer, bufferOffset);
        return request;
    }

    private IoRequest withoutBuffer(IoOp op, RequestHeader header) {
        DataRequest request = takeSlot(header);
        request.prepare(op, header.offset(), header.length(), flags(op, header));
        return request;
    }

    private @Nullable IoRequest status(RequestHeader header) {
        BlockStatusRequest request = statusSlots.take();
        if (request != null) {
            request.begin(header.cookie(), header.has(TransmissionCodes.CMD_FLAG_REQ_ONE));
            describe(request, header.offset(), header.length());
        }
        return request;
    }

    private void describe(BlockStatusRequest request, long offset, long length) {
        ExtentsRequest.Context context = switch (contexts.get(request.contextIndex())) {
            case ALLOCATION -> ExtentsRequest.Context.ALLOCATION;
            case RESIDENCY -> ExtentsRequest.Context.RESIDENCY;
        };
        request.prepareExtents(context, offset, length);
    }

    private DataRequest takeSlot(RequestHeader header) {
        DataRequest request = slots.take();
        if (request == null) {
            throw new IllegalStateException("prepared although exhausted");
        }
        request.begin(header.cookie());
        return request;
    }

    private static int flags(IoOp op, RequestHeader header) {
        int flags = 0;
        if (op.isMutation() && header.has(TransmissionCodes.CMD_FLAG_FUA)) {
            flags |= IoRequest.FUA;
        } else if (op == IoOp.WRITE) {
            flags |= IoRequest.BEHIND;
        }
        if (op == IoOp.WRITE_ZEROES) {
            flags |= header.has(TransmissionCodes.CMD_FLAG_NO_HOLE) ? IoRequest.NO_HOLE : 0;
            flags |= header.has(TransmissionCodes.CMD_FLAG_FAST_ZERO) ? IoRequest.FAST_ZERO : 0;
        }
        return flags;
    }
}
