package io.brickcache.demotion;

/** How much a brick must demote now. */
enum Urgency {
    /** Nothing but regions older than the limit. */
    AGED_ONLY,
    /** The disk is idle: cold regions. */
    IDLE,
    /** Between the marks: cold regions, with pauses that shrink as the dirty share grows. */
    PACED,
    /** Above the high mark, the cache failing, or everything is to go: all regions, without a pause. */
    FULL_SPEED
}
