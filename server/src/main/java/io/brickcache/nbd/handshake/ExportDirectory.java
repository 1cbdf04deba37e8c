package io.brickcache.nbd.handshake;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is exported at the moment. Called on any loop and never blocks; an export must be taken out of here before its
 * connections are told to leave, so that no new one slips in.
 */
public interface ExportDirectory {

    /** A snapshot, in the order in which clients shall see it. */
    List<Export> list();

    /** The export of that name, the same object until it is removed; null if there is none. */
    @Nullable
    Export find(String name);
}
