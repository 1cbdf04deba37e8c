package io.brickcache.admin;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.BrickMode;
import io.brickcache.admin.v1.BrickState;
import io.brickcache.admin.v1.BrickStats;
import io.brickcache.admin.v1.Cache;
import io.brickcache.admin.v1.CacheState;
import io.brickcache.admin.v1.CacheStats;
import io.brickcache.admin.v1.IoEngine;
import io.brickcache.admin.v1.LostCause;
import io.brickcache.admin.v1.LostRange;
import io.brickcache.admin.v1.LostState;
import io.brickcache.admin.v1.Mapping;
import io.brickcache.admin.v1.MappingState;
import io.brickcache.admin.v1.Node;
import io.brickcache.admin.v1.NodeState;
import io.brickcache.admin.v1.ProgressUnit;
import io.brickcache.admin.v1.Protection;
import io.brickcache.admin.v1.ScrubResult;
import io.brickcache.admin.v1.WriteAround;
import io.brickcache.admin.v1.WriteAroundReason;
import java.time.Instant;

/** Views of the node as messages of the API. The switches make the compiler find a state without a message. */
final class ViewMapper {
    private ViewMapper() {}

    static Node node(NodeView view) {
        return Node.newBuilder()
                .setVersion(view.version())
                .setStartTime(timestamp(view.startTime()))
                .setUptime(duration(view.uptime()))
                .setIoEngine(
                        switch (view.ioEngine()) {
                            case IO_URING -> IoEngine.IO_ENGINE_IO_URING;
                            case POOLED -> IoEngine.IO_ENGINE_POOLED;
                        })
                .setState(
                        switch (view.state()) {
                            case STARTING -> NodeState.NODE_STATE_STARTING;
                            case SERVING -> NodeState.NODE_STATE_SERVING;
                            case STOPPING -> NodeState.NODE_STATE_STOPPING;
                        })
                .setStateReason(view.stateReason())
                .build();
    }

    static Cache cache(CacheView view) {
        CacheView.Slots slots = view.slots();
        CacheView.Counters counters = view.counters();
        Cache.Builder cache = Cache.newBuilder()
                .setName(view.name())
                .setUuid(view.uuid().toString())
                .setDirectory(view.directory().toString())
                .setDataPath(view.dataPath().toString())
                .setSizeBytes(view.sizeBytes())
                .setBlockBytes(view.blockBytes())
                .setMemoryBytes(view.memoryBytes())
                .setSlots(slots.total())
                .setUsedSlots(slots.used())
                .setCleanSlots(slots.clean())
                .setDirtySlots(slots.dirty())
                .setFreeSlots(slots.free())
                .setState(
                        switch (view.state()) {
                            case CREATING -> CacheState.CACHE_STATE_CREATING;
                            case SERVING -> CacheState.CACHE_STATE_SERVING;
                            case PASS_THROUGH -> CacheState.CACHE_STATE_PASS_THROUGH;
                            case UNAVAILABLE -> CacheState.CACHE_STATE_UNAVAILABLE;
                            case DELETING -> CacheState.CACHE_STATE_DELETING;
                        })
                .setStateReason(view.stateReason())
                .addAllBricks(view.bricks())
                .setStats(CacheStats.newBuilder()
                        .setCommits(counters.commits())
                        .setFailedCommits(counters.failedCommits())
                        .setSsdReadErrors(counters.ssdReadErrors())
                        .setSsdWriteErrors(counters.ssdWriteErrors())
                        .setChecksumMismatches(counters.checksumMismatches()));
        Instant lastScrub = view.lastScrub();
        if (lastScrub != null) {
            cache.setLastScrubTime(timestamp(lastScrub));
        }
        return cache.build();
    }

    static LostRange lost(LostView.Range range) {
        return LostRange.newBuilder()
                .setOffsetBytes(range.offset())
                .setLengthBytes(range.length())
                .setSince(timestamp(range.since()))
                .setCause(
                        switch (range.cause()) {
                            case READ_ERROR -> LostCause.LOST_CAUSE_READ_ERROR;
                            case CHECKSUM -> LostCause.LOST_CAUSE_CHECKSUM;
                            case SSD_GONE -> LostCause.LOST_CAUSE_SSD_GONE;
                            case WRITE_ERROR -> LostCause.LOST_CAUSE_WRITE_ERROR;
                        })
                .setState(
                        switch (range.state()) {
                            case UNREADABLE -> LostState.LOST_STATE_UNREADABLE;
                            case GONE -> LostState.LOST_STATE_GONE;
                        })
                .build();
    }

    static Protection protection(ProtectionView view) {
        return Protection.newBuilder()
                .setName(view.name())
                .setInForce(view.inForce())
                .setDetail(view.detail())
                .setRemedy(view.remedy())
                .build();
    }

    static Mapping mapping(MappingView view) {
        return Mapping.newBuilder()
                .setBrick(view.brick())
                .setDevicePath(view.devicePath().toString())
                .setLinkPath(view.linkPath().toString())
                .setSizeBytes(view.sizeBytes())
                .setConnections(view.connections())
                .setOpenConnections(view.openConnections())
                .setState(
                        switch (view.state()) {
                            case CONNECTED -> MappingState.MAPPING_STATE_CONNECTED;
                            case WAITING -> MappingState.MAPPING_STATE_WAITING;
                            case SUSPECT -> MappingState.MAPPING_STATE_SUSPECT;
                        })
                .setStateReason(view.stateReason())
                .addAllUsers(view.users())
                .build();
    }

    static ScrubResult scrub(ScrubView view) {
        return ScrubResult.newBuilder()
                .setCheckedBlocks(view.checked())
                .setHealedBlocks(view.healed())
                .setLostBlocks(view.lost())
                .build();
    }

    static Brick brick(BrickView view) {
        Brick.Builder brick = Brick.newBuilder()
                .setName(view.name())
                .setUuid(view.uuid().toString())
                .setCache(view.cache())
                .setDevicePath(view.devicePath().toString())
                .setSizeBytes(view.sizeBytes())
                .setDiskSizeBytes(view.diskBytes())
                .setState(
                        switch (view.state()) {
                            case ATTACHING -> BrickState.BRICK_STATE_ATTACHING;
                            case SERVING -> BrickState.BRICK_STATE_SERVING;
                            case PASS_THROUGH -> BrickState.BRICK_STATE_PASS_THROUGH;
                            case FENCED -> BrickState.BRICK_STATE_FENCED;
                            case UNAVAILABLE -> BrickState.BRICK_STATE_UNAVAILABLE;
                            case DETACHING -> BrickState.BRICK_STATE_DETACHING;
                        })
                .setStateReason(view.stateReason())
                .setMode(
                        switch (view.mode()) {
                            case WRITE_BACK -> BrickMode.BRICK_MODE_WRITE_BACK;
                        })
                .setDirtyBytes(view.dirtyBytes())
                .setCachedBytes(view.cachedBytes())
                .setConnections(view.connections())
                .addAllExportUris(view.exportUris())
                .setStats(stats(view.counters()))
                .setLostBlocks(view.lost().blocks())
                .setLostBytes(view.lost().bytes());
        java.time.Duration age = view.oldestDirtyAge();
        if (age != null) {
            brick.setOldestDirtyAge(duration(age));
        }
        return brick.build();
    }

    static io.brickcache.admin.v1.Progress progress(Progress progress) {
        return io.brickcache.admin.v1.Progress.newBuilder()
                .setDone(progress.done())
                .setTotal(progress.total())
                .setUnit(
                        switch (progress.unit()) {
                            case BYTES -> ProgressUnit.PROGRESS_UNIT_BYTES;
                            case BLOCKS -> ProgressUnit.PROGRESS_UNIT_BLOCKS;
                        })
                .build();
    }

    private static BrickStats stats(BrickCounters counters) {
        BrickStats.Builder stats = BrickStats.newBuilder()
                .setReads(counters.requests().reads())
                .setWrites(counters.requests().writes())
                .setFlushes(counters.requests().flushes())
                .setTrims(counters.requests().trims())
                .setReadBytes(counters.requests().readBytes())
                .setWrittenBytes(counters.requests().writtenBytes())
                .setReadHitBlocks(counters.cacheUse().readHitBlocks())
                .setReadMissBlocks(counters.cacheUse().readMissBlocks())
                .setReadStreamBlocks(counters.cacheUse().readStreamBlocks())
                .setWrittenCachedBytes(counters.cacheUse().writtenCachedBytes())
                .setPromotedBlocks(counters.moves().promotedBlocks())
                .setReadAroundBlocks(counters.moves().readAroundBlocks())
                .setEvictedBlocks(counters.moves().evictedBlocks())
                .setDemotedBlocks(counters.moves().demotedBlocks())
                .setDemotionIos(counters.moves().demotionIos())
                .setDiskReadErrors(counters.errors().diskReads())
                .setDiskWriteErrors(counters.errors().diskWrites())
                .setSsdReadErrors(counters.errors().ssdReads())
                .setSsdWriteErrors(counters.errors().ssdWrites());
        for (BrickCounters.WriteAround reason : BrickCounters.WriteAround.values()) {
            stats.addWriteArounds(WriteAround.newBuilder()
                    .setReason(
                            switch (reason) {
                                case NO_FREE_SLOT -> WriteAroundReason.WRITE_AROUND_REASON_NO_FREE_SLOT;
                                case SEQUENTIAL -> WriteAroundReason.WRITE_AROUND_REASON_SEQUENTIAL;
                                case CACHE_FAILING -> WriteAroundReason.WRITE_AROUND_REASON_CACHE_FAILING;
                                case UNALIGNED -> WriteAroundReason.WRITE_AROUND_REASON_UNALIGNED;
                                case DISK_UNSYNCED -> WriteAroundReason.WRITE_AROUND_REASON_DISK_UNSYNCED;
                                case NO_GAIN -> WriteAroundReason.WRITE_AROUND_REASON_NO_GAIN;
                            })
                    .setWrittenBytes(counters.writtenAroundBytes().getOrDefault(reason, 0L)));
        }
        return stats.build();
    }

    private static Timestamp timestamp(Instant instant) {
        long seconds = instant.getEpochSecond();
        int nanos = instant.getNano();
        return Timestamp.newBuilder().setSeconds(seconds).setNanos(nanos).build();
    }

    private static Duration duration(java.time.Duration duration) {
        return Duration.newBuilder()
                .setSeconds(duration.getSeconds())
                .setNanos(duration.getNano())
                .build();
    }
}
