package io.brickcache.admin;

/**
 * What a scrub found, in blocks.
 *
 * @param checked compared with their checksums
 * @param healed clean ones that were damaged: dropped, and read again from the disk
 * @param lost dirty ones that are damaged
 */
public record ScrubView(long checked, long healed, long lost) {}
