package io.brickcache.cache.index;

/**
 * Bytes of a brick that nobody can read: a dirty block's slot failed, or never got an answered write, and the disk has only
 * older content.
 *
 * @param offset first byte, a multiple of 512
 * @param length bytes, a multiple of 512 but at the end of a brick
 * @param sinceMs when that was first noticed, wall clock, milliseconds since the Unix epoch
 * @param triedTick when it was last tried to read them, in ticks; not stored
 */
public record LostRange(long offset, long length, long sinceMs, Cause cause, State state, int triedTick) {

    /** Why it is lost. The ordinals are stored: new ones come last. */
    public enum Cause {
        /** The SSD answered a read with an error. */
        READ_ERROR,
        /** The SSD returned something else than what was written. */
        CHECKSUM,
        /** The whole SSD is gone. */
        SSD_GONE,
        /** Neither the SSD nor the disk took what had been answered. */
        WRITE_ERROR
    }

    /** What may bring it back. The ordinals are stored: new ones come last. */
    public enum State {
        /** A slot still holds it: a later read that succeeds brings it back, and so does overwriting. */
        UNREADABLE,
        /** No slot holds it any more: only overwriting ends it. */
        GONE
    }

    public long end() {
        return offset + length;
    }

    /** A part of it. */
    public LostRange withBounds(long newOffset, long newEnd) {
        return new LostRange(newOffset, newEnd - newOffset, sinceMs, cause, state, triedTick);
    }
}
