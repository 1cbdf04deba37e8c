package io.brickcache.cache.index;

/**
 * When the journal of slots is shortened.
 *
 * @param entries changed slots in the journal from which on groups are written; 0: a quarter of the slots, and 65,536 at least
 * @param groupsPerCommit written by one commit at most, so that its work stays bounded; 1 to 1024
 * @param cutEpochs records that are cut off at once, at least: a range deletion costs RocksDB more than a put
 */
public record JournalBounds(int entries, int groupsPerCommit, int cutEpochs) {

    /** What the service has. */
    public static final JournalBounds DEFAULTS = new JournalBounds(0, 1024, 64);

    /** Journal entries that are always allowed; about 1 MiB. */
    private static final int MIN_ENTRIES = 1 << 16;

    int entriesOf(int slots) {
        return entries > 0 ? entries : Math.max(MIN_ENTRIES, slots / 4);
    }
}
