package io.brickcache.cache;

/**
 * Bugs that tests switch on to prove that the simulation finds them: one or more for each rule of docs/architecture.md.
 * {@link #NONE} in every real cache; there is no way to set another from outside the package.
 */
enum PlantedBug {
    NONE,
    /** R1: a slot is free as soon as its block is written again, while the durable mapping still points to it. */
    FREES_SLOT_WHEN_RETIRED,
    /** R2: evicted and superseded slots are free before the commit that forgets them is durable. */
    FREES_SLOTS_BEFORE_COMMIT,
    /** R3: the disk is written under a durable clean block. */
    WRITES_AROUND_WITHOUT_COMMIT,
    /** R3: a block is demoted before its own mapping is durable. */
    DEMOTES_UNCOMMITTED,
    /** R3: a clean copy of what the disk may yet lose is recorded. */
    RECORDS_UNSYNCED_COPIES,
    /** R4: a demoted block counts as clean before the disk is synced. */
    CLEANS_WITHOUT_SYNC,
    /** R4: a dirty block written around is forgotten before the disk is synced. */
    FORGETS_DIRTY_WITHOUT_SYNC,
    /** R5: the metadata is committed before the data is safe on the SSD. */
    COMMITS_WITHOUT_SSD_SYNC,
    /** R5: a FLUSH does not wait for what went around the cache. */
    FLUSHES_WITHOUT_DISK_SYNC,
    /** R5: a FLUSH is answered when the metadata commit begins. */
    ANSWERS_FLUSH_BEFORE_COMMIT,
    /** R6: a dirty block is evicted. */
    EVICTS_DIRTY,
    /** R7: what was read from the disk is promoted over a write that came meanwhile. */
    PROMOTES_OVER_WRITE,
    /** R7: a slot is given away while a read still looks at it. */
    IGNORES_READERS,
    /** R7: all of a slot is served, also what it does not hold. */
    IGNORES_VALIDITY,
    /** R7: a block written in part loses the rest of what its slot held. */
    SKIPS_MERGE,
    /** R7: a demotion does not wait for a write-around of the same block. */
    DEMOTES_PAST_WRITE_AROUND,
    /** R8: after anything but an orderly stop the latest changes are not looked at. */
    SKIPS_JOURNAL_AFTER_CRASH,
    /** The fence: whatever the disk holds, it passes. */
    IGNORES_FENCE,
    /** The witness outside the SSD hears of the first dirty block when it is durable already. */
    TELLS_WITNESS_LATE,
    /** What the cache holds of a brick that was written without it is served. */
    SERVES_VOID
}
