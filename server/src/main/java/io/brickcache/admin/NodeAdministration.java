package io.brickcache.admin;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What can be asked of a node. Calls come from several threads at once and may block; none comes from an event loop.
 *
 * <p>Every failure is an {@link AdminException}; anything else that is thrown is reported as a fault of the service.
 * Arguments have been checked for form (names, absolute paths, ranges), not against the node's state. A call whose
 * thread is interrupted (the service stops) ends soon, with {@link Reason#SHUTTING_DOWN} or
 * {@link Reason#CANCELLED}.
 */
public interface NodeAdministration {

    /** A smaller cache is of no use. */
    long MIN_CACHE_BYTES = 16L << 20;

    /** What a cache is made of; {@code dataPath} null means the file {@code data} in the directory. */
    record CacheSpec(
            String name,
            Path directory,
            long sizeBytes,
            int blockBytes,
            @Nullable Path dataPath) {}

    /** What a brick is made of. */
    record BrickSpec(String name, String cache, Path devicePath) {}

    /** What a detach does about data that only the SSD has. */
    enum DirtyData {
        /** Refuse with {@link Reason#BRICK_DIRTY}. */
        REFUSE,
        /** Write it to the disk first; {@link Reason#BRICK_UNAVAILABLE} if the disk is missing or fenced. */
        FLUSH,
        /** Give it up; {@link Reason#NOTHING_TO_DECIDE} for a brick that is served, which can be flushed. */
        GIVE_UP
    }

    /** What a detach does about lost blocks. */
    enum LostData {
        /** Refuse with {@link Reason#BRICK_LOST}. */
        REFUSE,
        /** Give them up: the older content of the disk becomes valid there. Not with {@link DirtyData#REFUSE}. */
        GIVE_UP
    }

    /** Whether an operator has said that data which only the SSD has may be lost for good. */
    enum GivenUp {
        NOTHING,
        DIRTY_DATA
    }

    /** What a deletion does about the bricks of the cache. */
    enum BricksOfCache {
        /** Refuse with {@link Reason#CACHE_HAS_BRICKS}. */
        REFUSE,
        /** Detach them if the cache is away; refuse otherwise. */
        DETACH_IF_AWAY
    }

    NodeView node();

    /** All caches, in any order. */
    List<CacheView> caches();

    /** {@link Reason#CACHE_NOT_FOUND} if there is none of that name. */
    CacheView cache(String name);

    /** Creates a cache and writes its data area through. After a failure or a cancellation nothing of it is left. */
    CacheView createCache(CacheSpec spec, ProgressListener progress);

    /** Deletes a cache and answers with what it was; {@link Reason#CACHE_HAS_BRICKS} while bricks are attached. */
    CacheView deleteCache(String name, BricksOfCache bricks, GivenUp dirtyData);

    /** Opens a cache that was away, below the bricks that run; {@link Reason#CACHE_UNAVAILABLE} if it cannot be opened. */
    CacheView rejoinCache(String name);

    /** All bricks, in any order. */
    List<BrickView> bricks();

    /** {@link Reason#BRICK_NOT_FOUND} if there is none of that name. */
    BrickView brick(String name);

    BrickView attachBrick(BrickSpec spec);

    /**
     * Serves a fenced or unavailable brick from its disk as it is, and forgets what its cache has of it.
     * {@link Reason#BRICK_DIRTY} while that gives up dirty data that may not be given up.
     */
    BrickView keepDisk(String name, GivenUp dirtyData);

    /** Serves a fenced brick again: what is dirty goes onto the disk, what else the cache has of it is forgotten. */
    BrickView keepCache(String name);

    /** Detaches a brick and answers with what it was. A brick whose flush was cancelled stays attached. */
    BrickView detachBrick(String name, DirtyData dirtyData, LostData lostData, ProgressListener progress);

    /** What the brick has lost. */
    LostView lost(String brick);

    /**
     * Checks everything that is on the SSD.
     *
     * @param bytesPerSecond at most; 0 for what is configured
     */
    ScrubView scrubCache(String name, long bytesPerSecond, ProgressListener progress);

    /**
     * Writes what is dirty now to the disk. Answers with the brick afterwards; cancelled, the rest stays dirty.
     * {@link Reason#BRICK_LOST} when all but lost blocks is on the disk.
     */
    BrickView flushBrick(String name, ProgressListener progress);

    /**
     * Lets a brick have all of its disk, which was made larger, and its block device too, if it is mapped.
     * {@link Reason#DEVICE_UNSUITABLE} if the disk was made smaller.
     */
    GrownView growBrick(String name);

    /** What keeps the service working when the machine is short of memory. */
    List<ProtectionView> protections();

    /** Asks the service to stop; {@link Reason#DEVICE_IN_USE} while a mapped device is used, unless that may be. */
    void stop(UsedDevices usedDevices);

    /** What a stop does about devices that are mounted or otherwise used. */
    enum UsedDevices {
        REFUSE,
        /** Their requests wait in the kernel for the next service, as long as {@code map.dead_timeout}. */
        LEAVE_WAITING
    }

    /** Makes the brick a block device of the kernel; answers with the device also if it is one already. */
    MappingView mapBrick(String brick);

    /**
     * Takes the block device away and answers with what it was; {@link Reason#DEVICE_IN_USE} while something uses it.
     *
     * @param name of the brick, or the path of the device or of its link
     */
    MappingView unmapBrick(String name);

    /** What is mapped, by brick. */
    List<MappingView> mappings();
}
