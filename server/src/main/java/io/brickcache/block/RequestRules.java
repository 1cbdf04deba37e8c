package io.brickcache.block;

/** What every device asks of a request, checked once, before anything is done. */
public final class RequestRules {

    private static final int ALL_FLAGS = IoRequest.FUA | IoRequest.NO_HOLE | IoRequest.FAST_ZERO | IoRequest.BEHIND;

    private RequestRules() {}

    /**
     * OK if a device of this geometry can execute the request, else how it is answered. A READ, WRITE, TRIM or
     * WRITE_ZEROES begins at a multiple of the sector and ends at one or at the end of the device; the memory of a READ
     * or WRITE is aligned to the sector. Everything but a FLUSH names at least one byte. FUA without a mutation, and
     * BEHIND without a WRITE, mean nothing and are let through.
     */
    public static IoStatus check(Geometry geometry, IoRequest request) {
        IoOp op = request.op();
        if ((request.flags() & ~ALL_FLAGS) != 0) {
            return IoStatus.INVALID;
        }
        if (op != IoOp.WRITE_ZEROES && (request.has(IoRequest.NO_HOLE) || request.has(IoRequest.FAST_ZERO))) {
            return IoStatus.INVALID;
        }
        if (op == IoOp.FLUSH) {
            return IoStatus.OK;
        }
        if (op.isMutation() && geometry.readOnly()) {
            return IoStatus.READ_ONLY;
        }
        if (request.length() <= 0 || request.offset() < 0) {
            return IoStatus.INVALID;
        }
        if (!geometry.contains(request.offset(), request.length())) {
            return op.isMutation() ? IoStatus.BEYOND_END : IoStatus.INVALID;
        }
        return switch (op) {
            case READ, WRITE ->
                isAligned(geometry, request) && fitsBuffer(geometry, request) ? IoStatus.OK : IoStatus.INVALID;
            case TRIM, WRITE_ZEROES -> isAligned(geometry, request) ? IoStatus.OK : IoStatus.INVALID;
            case EXTENTS -> request instanceof ExtentsRequest ? IoStatus.OK : IoStatus.INVALID;
            case CACHE, FLUSH -> IoStatus.OK;
        };
    }

    private static boolean isAligned(Geometry geometry, IoRequest request) {
        int mask = geometry.sectorBytes() - 1;
        long end = request.offset() + request.length();
        return (request.offset() & mask) == 0 && ((end & mask) == 0 || end == geometry.sizeBytes());
    }

    private static boolean fitsBuffer(Geometry geometry, IoRequest request) {
        int start = request.bufferOffset();
        return start >= 0
                && (start & geometry.sectorBytes() - 1) == 0
                && start <= request.buffer().capacity()
                && request.length() <= request.buffer().capacity() - start;
    }
}
