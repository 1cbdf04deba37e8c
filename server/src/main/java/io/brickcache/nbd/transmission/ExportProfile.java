package io.brickcache.nbd.transmission;

import io.brickcache.block.BufferPool;
import io.brickcache.block.Geometry;
import io.brickcache.nbd.wire.TransmissionCodes;

/** What a client is told of an export: transmission flags and block sizes, derived from the device's geometry. */
public final class ExportProfile {

    private ExportProfile() {}

    /**
     * The transmission flags. Only what works is announced: TRIM and fast zero if the device has them, and nothing that
     * writes if it is read-only. Several connections are always safe, since all of them reach the same device and a
     * FLUSH on one covers what was answered on any.
     */
    public static int flags(Geometry geometry, boolean structuredReplies) {
        int flags = TransmissionCodes.FLAG_HAS_FLAGS
                | TransmissionCodes.FLAG_SEND_FLUSH
                | TransmissionCodes.FLAG_CAN_MULTI_CONN
                | TransmissionCodes.FLAG_SEND_CACHE;
        if (structuredReplies) {
            flags |= TransmissionCodes.FLAG_SEND_DF;
        }
        if (geometry.readOnly()) {
            return flags | TransmissionCodes.FLAG_READ_ONLY;
        }
        flags |= TransmissionCodes.FLAG_SEND_FUA | TransmissionCodes.FLAG_SEND_WRITE_ZEROES;
        if (geometry.canTrim()) {
            flags |= TransmissionCodes.FLAG_SEND_TRIM;
        }
        if (geometry.canFastZero()) {
            flags |= TransmissionCodes.FLAG_SEND_FAST_ZERO;
        }
        return flags;
    }

    /** Offset and length of every request are multiples of this. */
    public static int minimumBytes(Geometry geometry) {
        return geometry.sectorBytes();
    }

    /** The unit that costs least. */
    public static int preferredBytes(Geometry geometry) {
        return geometry.preferredBytes();
    }

    /**
     * Largest READ or WRITE: 32 MiB, or what always fits the pool when the data lies in its buffer at its offset modulo
     * the preferred size.
     */
    public static int maximumBytes(Geometry geometry, BufferPool buffers) {
        int fits = buffers.maxBytes() - geometry.preferredBytes();
        return Math.min(TransmissionCodes.MAX_PAYLOAD_BYTES, Math.max(fits, geometry.preferredBytes()));
    }
}
