package io.brickcache.cache;

/**
 * What a comparison of clean blocks with the disk has found.
 *
 * @param compared blocks read and compared
 * @param different of these, blocks whose checksum the disk does not have
 * @param firstDifference byte offset on the brick of the lowest of them; -1 if there is none
 * @param unreadable blocks that the disk could not read, or not in time: no evidence of anything
 */
public record FenceVerdict(int compared, int different, long firstDifference, int unreadable) {

    /** Nothing was compared. */
    static final FenceVerdict NOTHING = new FenceVerdict(0, 0, -1, 0);

    /** True if somebody wrote to the disk without the cache. */
    public boolean isChanged() {
        return different > 0;
    }
}
