package io.brickcache.nbd.transmission;

import io.brickcache.block.BufferPool;
import io.brickcache.block.Geometry;
import io.brickcache.nbd.wire.RequestHeader;
import io.brickcache.nbd.wire.TransmissionCodes;
import org.jspecify.annotations.Nullable;

/** Decides, from the header alone, whether a request may be executed. Afterwards nothing is checked again. */
final class RequestValidator {

    private final TransmissionSettings settings;
    private final BufferPool buffers;

    RequestValidator(TransmissionSettings settings, BufferPool buffers) {
        this.settings = settings;
        this.buffers = buffers;
    }

    /**
     * Checks everything but the magic and DISC.
     *
     * @return null if the request may be executed
     */
    @Nullable
    Rejection check(RequestHeader header, Geometry geometry) {
        return switch (header.type()) {
            case TransmissionCodes.CMD_READ -> checkRead(header, geometry);
            case TransmissionCodes.CMD_WRITE -> checkWrite(header, geometry);
            case TransmissionCodes.CMD_FLUSH -> checkFlush(header);
            case TransmissionCodes.CMD_TRIM -> checkTrim(header, geometry);
            case TransmissionCodes.CMD_CACHE -> checkCache(header, geometry);
            case TransmissionCodes.CMD_WRITE_ZEROES -> checkWriteZeroes(header, geometry);
            case TransmissionCodes.CMD_BLOCK_STATUS -> checkBlockStatus(header, geometry);
            default -> Rejection.UNKNOWN_COMMAND;
        };
    }

    private @Nullable Rejection checkRead(RequestHeader header, Geometry geometry) {
        if (hasOtherThan(header, TransmissionCodes.CMD_FLAG_DF)) {
            return Rejection.BAD_FLAGS;
        }
        boolean whole = header.has(TransmissionCodes.CMD_FLAG_DF);
        if (whole && !settings.structuredReplies()) {
            return Rejection.NOT_NEGOTIATED;
        }
        if (header.length() > ExportProfile.maximumBytes(geometry, buffers)) {
            return whole ? Rejection.TOO_LONG_FOR_ONE_CHUNK : Rejection.TOO_LONG;
        }
        return checkRange(header, geometry, Rejection.BEYOND_END);
    }

    private @Nullable Rejection checkWrite(RequestHeader header, Geometry geometry) {
        if (hasOtherThan(header, 0)) {
            return Rejection.BAD_FLAGS;
        }
        if (geometry.readOnly()) {
            return Rejection.READ_ONLY;
        }
        if (header.length() > ExportProfile.maximumBytes(geometry, buffers)) {
            return Rejection.TOO_LONG;
        }
        return checkRange(header, geometry, Rejection.WRITE_BEYOND_END);
    }

    private static @Nullable Rejection checkFlush(RequestHeader header) {
        if (hasOtherThan(header, 0)) {
            return Rejection.BAD_FLAGS;
        }
        return header.offset() != 0 || header.length() != 0 ? Rejection.FLUSH_WITH_RANGE : null;
    }

    private static @Nullable Rejection checkTrim(RequestHeader header, Geometry geometry) {
        if (hasOtherThan(header, 0)) {
            return Rejection.BAD_FLAGS;
        }
        if (geometry.readOnly()) {
            return Rejection.READ_ONLY;
        }
        if (!geometry.canTrim()) {
            return Rejection.NOT_NEGOTIATED;
        }
        return checkRange(header, geometry, Rejection.BEYOND_END);
    }

    private static @Nullable Rejection checkCache(RequestHeader header, Geometry geometry) {
        return hasOtherThan(header, 0) ? Rejection.BAD_FLAGS : checkRange(header, geometry, Rejection.BEYOND_END);
    }

    private static @Nullable Rejection checkWriteZeroes(RequestHeader header, Geometry geometry) {
        if (hasOtherThan(header, TransmissionCodes.CMD_FLAG_NO_HOLE | TransmissionCodes.CMD_FLAG_FAST_ZERO)) {
            return Rejection.BAD_FLAGS;
        }
        if (geometry.readOnly()) {
            return Rejection.READ_ONLY;
        }
        if (header.has(TransmissionCodes.CMD_FLAG_FAST_ZERO) && !geometry.canFastZero()) {
            return Rejection.NOT_NEGOTIATED;
        }
        return checkRange(header, geometry, Rejection.WRITE_BEYOND_END);
    }

    private @Nullable Rejection checkBlockStatus(RequestHeader header, Geometry geometry) {
        if (hasOtherThan(header, TransmissionCodes.CMD_FLAG_REQ_ONE)) {
            return Rejection.BAD_FLAGS;
        }
        if (settings.contexts().isEmpty()) {
            return Rejection.NOT_NEGOTIATED;
        }
        return checkRange(header, geometry, Rejection.BEYOND_END);
    }

    private static @Nullable Rejection checkRange(RequestHeader header, Geometry geometry, Rejection beyondEnd) {
        if (header.length() == 0) {
            return Rejection.ZERO_LENGTH;
        }
        if (!geometry.contains(header.offset(), header.length())) {
            return beyondEnd;
        }
        long mask = ExportProfile.minimumBytes(geometry) - 1L;
        return ((header.offset() | header.length()) & mask) == 0 ? null : Rejection.MISALIGNED;
    }

    /** FUA is defined for every command; on one that does not write it means nothing. */
    private static boolean hasOtherThan(RequestHeader header, int allowed) {
        return (header.flags() & ~(allowed | TransmissionCodes.CMD_FLAG_FUA)) != 0;
    }
}
