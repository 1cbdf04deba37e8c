package io.brickcache.admin;

/**
 * How far a piece of long work is.
 *
 * @param done units done so far; never falls during one piece of work
 * @param total all units, at least {@code done}; may rise when more work turns up
 */
public record Progress(long done, long total, Unit unit) {

    /** What {@code done} and {@code total} count. */
    public enum Unit {
        BYTES,
        BLOCKS
    }

    public Progress {
        if (done < 0 || done > total) {
            throw new IllegalArgumentException("progress " + done + " of " + total);
        }
    }
}
