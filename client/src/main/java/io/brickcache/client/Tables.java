package io.brickcache.client;

import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.BrickStats;
import io.brickcache.admin.v1.Cache;
import io.brickcache.admin.v1.CacheStats;
import io.brickcache.admin.v1.LostRange;
import io.brickcache.admin.v1.Mapping;
import io.brickcache.admin.v1.ScrubResult;
import io.brickcache.admin.v1.WriteAround;
import java.util.List;

/** Caches and bricks as tables. */
final class Tables {
    private Tables() {}

    static Table caches(List<Cache> caches) {
        Table table = Table.withHeaders("CACHE", "STATE", ">SIZE", ">BLOCK", ">USED", ">DIRTY", "BRICKS", "DIRECTORY");
        for (Cache cache : caches) {
            table.row(
                    cache.getName(),
                    Labels.of(cache.getState()),
                    Units.size(cache.getSizeBytes()),
                    Units.size(cache.getBlockBytes()),
                    Units.share(cache.getUsedSlots(), cache.getSlots()),
                    Units.share(cache.getDirtySlots(), cache.getSlots()),
                    Labels.orDash(String.join(",", cache.getBricksList())),
                    cache.getDirectory());
        }
        return table;
    }

    static Table cache(Cache cache) {
        CacheStats stats = cache.getStats();
        return Table.ofFields()
                .row("name", cache.getName())
                .row("uuid", cache.getUuid())
                .row("state", state(Labels.of(cache.getState()), cache.getStateReason()))
                .row("directory", cache.getDirectory())
                .row("data", cache.getDataPath())
                .row("size", Units.size(cache.getSizeBytes()))
                .row("block", Units.size(cache.getBlockBytes()))
                .row("memory", memory(cache))
                .row("used", slots(cache, cache.getUsedSlots()))
                .row("clean", slots(cache, cache.getCleanSlots()))
                .row("dirty", slots(cache, cache.getDirtySlots()))
                .row("free", slots(cache, cache.getFreeSlots()))
                .row("bricks", Labels.orDash(String.join(", ", cache.getBricksList())))
                .row("commits", stats.getCommits() + ", failed " + stats.getFailedCommits())
                .row("ssd errors", "read " + stats.getSsdReadErrors() + ", write " + stats.getSsdWriteErrors())
                .row("checksum mismatches", Long.toString(stats.getChecksumMismatches()))
                .row("last scrub", cache.hasLastScrubTime() ? Labels.time(cache.getLastScrubTime()) : "-");
    }

    /** A service older than this client does not say. */
    private static String memory(Cache cache) {
        return cache.getMemoryBytes() == 0 ? "-" : Units.size(cache.getMemoryBytes());
    }

    private static String slots(Cache cache, long slots) {
        return Units.size(slots * cache.getBlockBytes()) + " (" + Units.share(slots, cache.getSlots()) + ")";
    }

    private static String state(String state, String reason) {
        return reason.isEmpty() ? state : state + ": " + reason;
    }

    static Table bricks(List<Brick> bricks) {
        Table table = Table.withHeaders(
                "BRICK", "CACHE", "STATE", "MODE", ">SIZE", ">CACHED", ">DIRTY", ">OLDEST", ">CLIENTS", "DEVICE");
        for (Brick brick : bricks) {
            table.row(
                    brick.getName(),
                    brick.getCache(),
                    Labels.of(brick.getState()),
                    Labels.of(brick.getMode()),
                    Units.size(brick.getSizeBytes()),
                    Units.size(brick.getCachedBytes()),
                    Units.size(brick.getDirtyBytes()),
                    Labels.oldestDirty(brick),
                    Integer.toString(brick.getConnections()),
                    brick.getDevicePath());
        }
        return table;
    }

    static Table mappings(List<Mapping> mappings) {
        Table table = Table.withHeaders("BRICK", "DEVICE", ">SIZE", "STATE", ">LINKS", "USED BY");
        for (Mapping mapping : mappings) {
            table.row(
                    mapping.getBrick(),
                    mapping.getDevicePath(),
                    Units.size(mapping.getSizeBytes()),
                    state(Labels.of(mapping.getState()), mapping.getStateReason()),
                    mapping.getOpenConnections() + "/" + mapping.getConnections(),
                    Labels.orDash(String.join(", ", mapping.getUsersList())));
        }
        return table;
    }

    static Table lost(List<LostRange> ranges) {
        Table table = Table.withHeaders(">OFFSET", ">BYTES", "SINCE", "CAUSE", "STATE");
        for (LostRange range : ranges) {
            table.row(
                    Long.toString(range.getOffsetBytes()),
                    Long.toString(range.getLengthBytes()),
                    Labels.time(range.getSince()),
                    Labels.of(range.getCause()),
                    Labels.of(range.getState()));
        }
        return table;
    }

    static Table scrub(ScrubResult result) {
        return Table.ofFields()
                .row("checked", result.getCheckedBlocks() + " blocks")
                .row("healed from the disk", result.getHealedBlocks() + " blocks")
                .row("lost", result.getLostBlocks() + " blocks");
    }

    static Table brick(Brick brick) {
        BrickStats stats = brick.getStats();
        Table table = Table.ofFields()
                .row("name", brick.getName())
                .row("uuid", brick.getUuid())
                .row("state", state(Labels.of(brick.getState()), brick.getStateReason()))
                .row("mode", Labels.of(brick.getMode()))
                .row("cache", brick.getCache())
                .row("device", brick.getDevicePath())
                .row("size", Units.size(brick.getSizeBytes()));
        Labels.largerDisk(brick).ifPresent(larger -> table.row("disk", larger));
        table.row("cached", Units.size(brick.getCachedBytes()))
                .row("dirty", Units.size(brick.getDirtyBytes()))
                .row("oldest dirty", Labels.oldestDirty(brick))
                .row("lost", lost(brick))
                .row("clients", Integer.toString(brick.getConnections()));
        brick.getExportUrisList().forEach(uri -> table.row("export", uri));
        table.row("reads", stats.getReads() + ", " + Units.size(stats.getReadBytes()))
                .row("writes", stats.getWrites() + ", " + Units.size(stats.getWrittenBytes()))
                .row("flushes", Long.toString(stats.getFlushes()))
                .row("trims", Long.toString(stats.getTrims()))
                .row("read hits", hits(stats))
                .row("written to the SSD", Units.size(stats.getWrittenCachedBytes()));
        for (WriteAround around : stats.getWriteAroundsList()) {
            table.row("around, " + Labels.of(around.getReason()), Units.size(around.getWrittenBytes()));
        }
        return table.row("promoted", stats.getPromotedBlocks() + " blocks")
                .row("evicted", stats.getEvictedBlocks() + " blocks")
                .row("demoted", stats.getDemotedBlocks() + " blocks in " + stats.getDemotionIos() + " writes")
                .row("disk errors", "read " + stats.getDiskReadErrors() + ", write " + stats.getDiskWriteErrors())
                .row("ssd errors", "read " + stats.getSsdReadErrors() + ", write " + stats.getSsdWriteErrors());
    }

    private static String lost(Brick brick) {
        return brick.getLostBlocks() == 0
                ? "nothing"
                : brick.getLostBlocks() + " blocks, " + Units.size(brick.getLostBytes());
    }

    private static String hits(BrickStats stats) {
        long blocks = stats.getReadHitBlocks() + stats.getReadMissBlocks();
        return Units.share(stats.getReadHitBlocks(), blocks) + " of " + blocks + " blocks";
    }
}
