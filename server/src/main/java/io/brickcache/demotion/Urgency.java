package io.brickcache.demotion;

/** How much a brick must demote now. */
enum Urgency {
    /** Up to the low mark: nothing but regions older than the limit. */
    AGED_ONLY,
    /** Between the marks: with pauses that shrink as the dirty share grows. */
    PACED,
    /** Above the high mark, between the marks while the brick is idle, or the cache failing: without a pause. */
    FULL_SPEED
}
