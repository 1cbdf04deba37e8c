package io.brickcache.app;

import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/**
 * A cache as the state directory knows it.
 *
 * @param directory absolute; the metadata is in {@code meta} below it
 * @param dataPath absolute path of the data area
 * @param origin who made the data area
 * @param slots of {@code blockBytes} each
 * @param phase what was being done with the cache
 */
record KnownCache(
        String name,
        UUID uuid,
        Path directory,
        Path dataPath,
        Origin origin,
        int blockBytes,
        int slots,
        Phase phase,
        List<KnownBrick> bricks) {

    /** Who made the data area: what we made we delete with the cache. */
    enum Origin {
        /** We, as a file in the cache's directory. */
        OWN_FILE,
        /** The operator: a block device or a file that was there before. */
        GIVEN
    }

    /** What a start finds. */
    enum Phase {
        /** It was never finished; a start takes away what there is of it. */
        CREATING,
        READY,
        /** It was being deleted; a start takes away the rest. */
        DELETING
    }

    KnownCache {
        bricks = List.copyOf(bricks);
    }

    /** Where the metadata is. */
    Path metadataDirectory() {
        return directory.resolve("meta");
    }

    KnownCache in(Phase newPhase) {
        return new KnownCache(name, uuid, directory, dataPath, origin, blockBytes, slots, newPhase, bricks);
    }

    KnownCache with(List<KnownBrick> newBricks) {
        return new KnownCache(name, uuid, directory, dataPath, origin, blockBytes, slots, phase, newBricks);
    }
}
