package io.brickcache.cache;

/**
 * What a scrub has found so far, in blocks.
 *
 * @param checked read and compared with their checksums
 * @param total to be checked, estimated: blocks come and go meanwhile
 * @param healed clean ones that were damaged: dropped, and read again from the disk
 * @param lost dirty ones that are damaged; see {@link LostBlocks}
 */
public record ScrubReport(long checked, long total, long healed, long lost) {}
