package io.brickcache.nbd.handshake;

import io.brickcache.nbd.wire.MalformedOptionException;
import io.brickcache.nbd.wire.MetaContext;
import io.brickcache.nbd.wire.OptionPayload;
import java.util.ArrayList;
import java.util.List;

/**
 * The payload of LIST_META_CONTEXT and SET_META_CONTEXT.
 *
 * @param exportName which export is asked about
 * @param queries full names, or with LIST a bare "namespace:"
 */
record MetaContextQuery(String exportName, List<String> queries) {

    static MetaContextQuery read(OptionPayload payload) throws MalformedOptionException {
        String exportName = payload.readString();
        long count = payload.readUnsignedInt();
        List<String> queries = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            queries.add(payload.readString());
        }
        payload.expectEnd();
        return new MetaContextQuery(exportName, queries);
    }

    /** What LIST answers: everything if nothing was asked. */
    List<MetaContext> listed() {
        List<MetaContext> result = new ArrayList<>();
        for (MetaContext context : MetaContext.values()) {
            if (queries.isEmpty() || queries.stream().anyMatch(context::listedBy)) {
                result.add(context);
            }
        }
        return result;
    }

    /** What SET selects: only what was asked by its full name. */
    List<MetaContext> selected() {
        List<MetaContext> result = new ArrayList<>();
        for (MetaContext context : MetaContext.values()) {
            if (queries.contains(context.fullName())) {
                result.add(context);
            }
        }
        return result;
    }
}
