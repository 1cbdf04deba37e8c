package io.brickcache.nbd.handshake;

import io.brickcache.nbd.wire.HandshakeCodes;
import io.brickcache.nbd.wire.MalformedOptionException;
import io.brickcache.nbd.wire.OptionPayload;

/**
 * The payload of INFO and GO.
 *
 * @param exportName which export is asked about
 * @param wantsName NBD_INFO_NAME was asked for
 * @param wantsDescription NBD_INFO_DESCRIPTION was asked for
 */
record InfoQuery(String exportName, boolean wantsName, boolean wantsDescription) {

    /** Unknown kinds of information are passed over, as the protocol wants it. */
    static InfoQuery read(OptionPayload payload) throws MalformedOptionException {
        String exportName = payload.readString();
        int count = payload.readUnsignedShort();
        boolean wantsName = false;
        boolean wantsDescription = false;
        for (int i = 0; i < count; i++) {
            int kind = payload.readUnsignedShort();
            wantsName |= kind == HandshakeCodes.INFO_NAME;
            wantsDescription |= kind == HandshakeCodes.INFO_DESCRIPTION;
        }
        payload.expectEnd();
        return new InfoQuery(exportName, wantsName, wantsDescription);
    }
}
