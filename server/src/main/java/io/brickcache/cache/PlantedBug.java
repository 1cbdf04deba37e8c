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
    /** R4: a sync makes clean what was demoted while it was under way, too. */
    CLEANS_WHAT_THE_SYNC_MISSED,
    /** R4: a dirty block written around is forgotten before the disk is synced. */
    FORGETS_DIRTY_WITHOUT_SYNC,
    /** R5: the metadata is committed before the data is safe on the SSD. */
    COMMITS_WITHOUT_SSD_SYNC,
    /** R5: a FLUSH does not wait for what went around the cache. */
    FLUSHES_WITHOUT_DISK_SYNC,
    /** R5: a FLUSH is answered when the metadata commit begins. */
    ANSWERS_FLUSH_BEFORE_COMMIT,
    /** R5: a FLUSH is answered OK although the commit failed. */
    ANSWERS_OK_TO_FAILED_COMMIT,
    /** R5: a write of several blocks of which the SSD took a part counts as done. */
    SHOWS_TORN_WRITES,
    /** R5: a FLUSH does not wait for writes that are answered before the SSD has them. */
    FLUSHES_PAST_WRITES_BEHIND,
    /** R6: a dirty block is evicted. */
    EVICTS_DIRTY,
    /** R6: a write that finds no free slot fails. */
    FAILS_WHEN_FULL,
    /** R7: what was read from the disk is promoted over a write that came meanwhile. */
    PROMOTES_OVER_WRITE,
    /** R7: a read does not wait for a write of its blocks that is answered before the SSD has it. */
    READS_PAST_WRITES_BEHIND,
    /** R7: an answered write that neither the SSD nor the disk took is forgotten. */
    FORGETS_LOST_WRITE_BEHIND,
    /** R7: a slot is given away while a read still looks at it. */
    IGNORES_READERS,
    /** R7: all of a slot is served, also what it does not hold. */
    IGNORES_VALIDITY,
    /** R7: a block written in part loses the rest of what its slot held. */
    SKIPS_MERGE,
    /** R7: a block written in part takes over from its slot what that does not hold. */
    MERGES_INVALID,
    /** R7: a slot that does not match its checksum is served. */
    SERVES_DAMAGED,
    /** R7: a block that only the SSD has yet is described as the hole that the disk has there. */
    DESCRIBES_DIRTY_AS_HOLE,
    /** R7: a demotion does not wait for a write-around of the same block. */
    DEMOTES_PAST_WRITE_AROUND,
    /** R5: the SSD's sync is tried again after it failed, and believed. */
    TRUSTS_RETRIED_SSD_SYNC,
    /** R3: an SSD that is gone comes back with its clean blocks, while the disk was written. */
    KEEPS_RECORDS_WHEN_SSD_IS_GONE,
    /** R8: what went to the spare journal is not looked at after a restart. The simulation plants it below the engine. */
    IGNORES_SPARE_JOURNAL,
    /** R8: what went to the commit log is not looked at after a restart. The simulation plants it below the engine. */
    IGNORES_COMMIT_LOG,
    /** R5: a commit counts when its record in the log is written, not when it is durable. Planted below the engine, too. */
    LOGS_WITHOUT_SYNC,
    /** R8: a place in the commit log is given up before the store below has what lies there. Planted below the engine, too. */
    GIVES_UP_LOG_EARLY,
    /** R7: a dirty block that the demotion could not read is clean all the same. */
    CLEANS_LOST,
    /** R7: a restart forgets what is lost, and serves what the disk has. */
    FORGETS_LOST,
    /** R8: after anything but an orderly stop the latest changes are not looked at. */
    SKIPS_JOURNAL_AFTER_CRASH,
    /** R8: a cut of the journal takes along what the round has not come to since. */
    CUTS_JOURNAL_TOO_FAR,
    /** R8: groups written and records cut off by a commit that failed count as if it had not. */
    BELIEVES_FAILED_ROUND,
    /** R8: recovery believes the newer of two records that contradict each other, although its checksum is wrong. */
    TRUSTS_NEWER_WRONG_RECORD,
    /** R8: a brick uses what was added to its disk before its record says so. */
    GROWS_WITHOUT_RECORD,
    /** R7: a brick grows while requests are under way that count on the length of its last block. */
    GROWS_UNDER_REQUESTS,
    /** Isolation: a disk counts as synced only when those of all bricks of the cache are. */
    SYNCS_NEIGHBOURS,
    /** Liveness: a change of the disk that failed leaves its gate shut. */
    LEAVES_GATE_SHUT,
    /** The fence: whatever the disk holds, it passes. */
    IGNORES_FENCE,
    /** The witness outside the SSD hears of the first dirty block when it is durable already. */
    TELLS_WITNESS_LATE,
    /** What the cache holds of a brick that was written without it is served. */
    SERVES_VOID
}
