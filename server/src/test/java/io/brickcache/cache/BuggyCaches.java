package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.JournalBounds;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.env.Loop;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** Opens caches with a planted bug, for tests outside the package. */
public final class BuggyCaches {

    private BuggyCaches() {}

    /** Bugs of what happens at a start, which StartBugsTest finds: the simulation has neither operator nor witness. */
    private static final Set<PlantedBug> OF_THE_START =
            EnumSet.of(PlantedBug.TELLS_WITNESS_LATE, PlantedBug.SERVES_VOID);

    /** The names of all planted bugs that the simulation finds. */
    public static List<String> bugs() {
        return Arrays.stream(PlantedBug.values())
                .filter(bug -> bug != PlantedBug.NONE && !OF_THE_START.contains(bug))
                .map(Enum::name)
                .toList();
    }

    /**
     * As {@link Cache#load}, with the bug of that name, or "NONE".
     *
     * @param streamBytes from when on a stream passes the cache by
     * @param clusterBytes what is read around a miss, or 0
     * @param portionNs how long the disk should be busy with what demotion syncs at a time
     * @param journal when the journal of slots is shortened
     */
    public static Cache load(
            String bug,
            CacheMetadata metadata,
            MetadataStore store,
            Loop loop,
            BlockDevice ssd,
            CacheOptions options,
            Function<BrickRecord, BlockDevice> disks,
            long streamBytes,
            int clusterBytes,
            int allowedRegret,
            long portionNs,
            JournalBounds journal)
            throws MetadataException {
        PlantedBug planted = PlantedBug.valueOf(bug);
        MetadataStore read = planted == PlantedBug.TRUSTS_NEWER_WRONG_RECORD ? new CredulousStore(store) : store;
        Function<BrickRecord, BlockDevice> opened = disks;
        if (planted == PlantedBug.SYNCS_NEIGHBOURS) {
            List<BlockDevice> all = new ArrayList<>();
            opened = brick -> new TiedDisk(disks.apply(brick), all);
        }
        return Cache.load(
                metadata,
                read,
                loop,
                ssd,
                options,
                opened,
                planted,
                new Heuristics(streamBytes, streamBytes, clusterBytes, allowedRegret, portionNs, journal));
    }
}
