package io.brickcache.admin;

/** Why a call failed; sent by its name, so a name never changes its meaning. */
public enum Reason {
    CACHE_NOT_FOUND,
    BRICK_NOT_FOUND,
    CACHE_EXISTS,
    BRICK_EXISTS,
    INVALID_ARGUMENT,
    /** The cache still serves bricks. */
    CACHE_HAS_BRICKS,
    /** Data is left that only the SSD has. */
    BRICK_DIRTY,
    /** Data is left that is on neither device. */
    BRICK_LOST,
    /** Clients are connected to the brick. */
    BRICK_IN_USE,
    /** The disk of the brick is missing or fenced. */
    BRICK_UNAVAILABLE,
    /** The brick is a block device of the kernel. */
    BRICK_MAPPED,
    MAPPING_NOT_FOUND,
    /** The kernel has no NBD driver, or does not let the service use it. */
    NO_KERNEL_DRIVER,
    /** The SSD or the metadata of the cache cannot be opened. */
    CACHE_UNAVAILABLE,
    /** What was to be decided or brought back needs neither. */
    NOTHING_TO_DECIDE,
    /** The device is mounted or opened by somebody else, or serves another brick or cache. */
    DEVICE_IN_USE,
    /** The device is missing, of the wrong kind or of the wrong size. */
    DEVICE_UNSUITABLE,
    NO_SPACE,
    /** Other work on the same thing is under way; the same call may succeed later. */
    BUSY,
    /** The caller took the call back. */
    CANCELLED,
    SHUTTING_DOWN,
    IO_FAILURE,
    METADATA_CORRUPT,
    /** A fault of the service itself. */
    INTERNAL
}
