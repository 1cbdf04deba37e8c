package io.brickcache.admin;

import java.nio.file.Path;
import java.util.Map;

/** An administrative call that could not be done: what is wrong, and what to do about it. */
public final class AdminException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Reason reason;
    private final String remedy;
    private final Map<String, String> metadata;

    /**
     * @param what what is wrong, naming the thing; no full stop
     * @param remedy what the operator can do, a command where there is one; no full stop
     * @param metadata details for programs: lower_snake_case key to value
     */
    public AdminException(Reason reason, String what, String remedy, Map<String, String> metadata) {
        super(what);
        this.reason = reason;
        this.remedy = remedy;
        this.metadata = Map.copyOf(metadata);
    }

    public AdminException(Reason reason, String what, String remedy, Map<String, String> metadata, Throwable cause) {
        this(reason, what, remedy, metadata);
        initCause(cause);
    }

    public Reason reason() {
        return reason;
    }

    public String remedy() {
        return remedy;
    }

    public Map<String, String> metadata() {
        return metadata;
    }

    public static AdminException cacheNotFound(String name) {
        return new AdminException(
                Reason.CACHE_NOT_FOUND,
                "no cache is named " + name,
                "list them with: brickcache cache list",
                Map.of("cache", name));
    }

    public static AdminException brickNotFound(String name) {
        return new AdminException(
                Reason.BRICK_NOT_FOUND,
                "no brick is named " + name,
                "list them with: brickcache brick list",
                Map.of("brick", name));
    }

    public static AdminException cacheExists(String name) {
        return new AdminException(
                Reason.CACHE_EXISTS,
                "a cache named " + name + " exists already",
                "choose another name, or look at it with: brickcache cache show " + name,
                Map.of("cache", name));
    }

    public static AdminException brickExists(String name) {
        return new AdminException(
                Reason.BRICK_EXISTS,
                "a brick named " + name + " is attached already",
                "choose another name, or look at it with: brickcache brick show " + name,
                Map.of("brick", name));
    }

    public static AdminException cacheHasBricks(String cache, int bricks) {
        return new AdminException(
                Reason.CACHE_HAS_BRICKS,
                "cache " + cache + " still serves " + bricks + (bricks == 1 ? " brick" : " bricks"),
                "detach them first with: brickcache brick detach NAME --flush",
                Map.of("cache", cache, "bricks", Integer.toString(bricks)));
    }

    public static AdminException brickDirty(String brick, long dirtyBytes) {
        return new AdminException(
                Reason.BRICK_DIRTY,
                "brick " + brick + " has " + dirtyBytes + " bytes that its disk does not have yet",
                "write them with: brickcache brick detach " + brick + " --flush",
                Map.of("brick", brick, "dirty_bytes", Long.toString(dirtyBytes)));
    }

    /** The same of a brick whose disk cannot be written: {@code state} says what it is, "fenced" or "unavailable". */
    public static AdminException brickDirty(String brick, long dirtyBytes, String state) {
        return new AdminException(
                Reason.BRICK_DIRTY,
                "brick " + brick + " has " + dirtyBytes + " bytes that its disk does not have, and is " + state,
                "see: brickcache brick show " + brick + "; or give them up for good: brickcache brick detach " + brick
                        + " --give-up-dirty",
                Map.of("brick", brick, "dirty_bytes", Long.toString(dirtyBytes)));
    }

    /** Nothing can be written to the disk of a brick; {@code state} says what it is, "fenced" or "unavailable". */
    public static AdminException brickUnavailable(String brick, String state) {
        return new AdminException(
                Reason.BRICK_UNAVAILABLE,
                "brick " + brick + " is " + state + ": nothing can be written to its disk",
                "why, and what to do, says: brickcache brick show " + brick,
                Map.of("brick", brick));
    }

    /** {@code what} has been done or was asked for; the lost blocks are in the way of its being complete. */
    public static AdminException brickLost(String brick, String what, long blocks, long bytes) {
        return new AdminException(
                Reason.BRICK_LOST,
                "brick " + brick + " " + what + ": " + blocks + (blocks == 1 ? " block is" : " blocks are") + " lost ("
                        + bytes + " bytes), the SSD cannot give back what is newer there than on the disk",
                "list them with: brickcache brick lost " + brick
                        + "; write them anew from a backup, or let the disk's older content be valid there with:"
                        + " brickcache brick detach " + brick + " --flush --give-up-lost",
                Map.of("brick", brick, "lost_blocks", Long.toString(blocks), "lost_bytes", Long.toString(bytes)));
    }

    public static AdminException brickInUse(String brick, int connections) {
        return new AdminException(
                Reason.BRICK_IN_USE,
                "brick " + brick + " has " + connections + (connections == 1 ? " client" : " clients") + " connected",
                "disconnect them first: unmount the file system, then nbd-client -d",
                Map.of("brick", brick, "connections", Integer.toString(connections)));
    }

    /** {@code name} as it was given: of a brick, a device or a link. */
    public static AdminException notMapped(String name) {
        return new AdminException(
                Reason.MAPPING_NOT_FOUND,
                name + " is not mapped",
                "list what is with: brickcache showmapped",
                Map.of("name", name));
    }

    public static AdminException brickMapped(String brick, Path device) {
        return new AdminException(
                Reason.BRICK_MAPPED,
                "brick " + brick + " is mapped as " + device,
                "unmount it, then: brickcache unmap " + brick,
                Map.of("brick", brick, "path", device.toString()));
    }

    public static AdminException cancelled(String what) {
        return new AdminException(
                Reason.CANCELLED, what + " was cancelled", "start it again when it is wanted", Map.of());
    }

    public static AdminException shuttingDown() {
        return new AdminException(
                Reason.SHUTTING_DOWN, "the service is shutting down", "try again when it is up", Map.of());
    }

    /** An argument that cannot be right. */
    public static AdminException invalid(String field, String what, String remedy) {
        return new AdminException(Reason.INVALID_ARGUMENT, field + ": " + what, remedy, Map.of("field", field));
    }
}
