package io.brickcache.block.sim;

import org.jspecify.annotations.Nullable;

/** What one piece of a mutation did to a {@link Medium} that has not surely been synced yet, and how to undo it. */
final class Change {

    private static final long NOT_ANSWERED = Long.MAX_VALUE;

    /** The mutation that a change is a piece of. */
    static final class Origin {
        private long answeredTick = NOT_ANSWERED;
        private boolean synced;
        private boolean doomed;

        void answered(long tick) {
            answeredTick = tick;
        }

        void sync() {
            synced = true;
        }

        void syncIfAnsweredBefore(long tick) {
            synced |= answeredTick < tick && !doomed;
        }

        /** No sync will reach it any more. */
        void doom() {
            doomed = true;
        }

        boolean isDoomed() {
            return doomed;
        }

        boolean isSynced() {
            return synced;
        }
    }

    final Origin origin;
    /** Bytes from the start of the medium; the range lies in one chunk. */
    final long offset;

    final int length;
    /** What was there before; null for zeroes. */
    final byte @Nullable [] before;

    Change(Origin origin, long offset, int length, byte @Nullable [] before) {
        this.origin = origin;
        this.offset = offset;
        this.length = length;
        this.before = before;
    }
}
