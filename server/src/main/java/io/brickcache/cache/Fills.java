package io.brickcache.cache;

import org.jspecify.annotations.Nullable;

/** The reads of one brick that have read the disk and may promote what they got. */
final class Fills {

    private @Nullable ReadOp first;

    void add(ReadOp op) {
        op.nextFill = first;
        if (first != null) {
            first.previousFill = op;
        }
        op.previousFill = null;
        first = op;
    }

    void remove(ReadOp op) {
        if (op.previousFill == null) {
            first = op.nextFill;
        } else {
            op.previousFill.nextFill = op.nextFill;
        }
        if (op.nextFill != null) {
            op.nextFill.previousFill = op.previousFill;
        }
        op.nextFill = null;
        op.previousFill = null;
    }

    /** A writer begins on the blocks [firstBlock, lastBlock]: what was read from the disk there is not promoted. */
    void invalidate(long firstBlock, long lastBlock) {
        for (ReadOp op = first; op != null; op = op.nextFill) {
            op.invalidate(firstBlock, lastBlock);
        }
    }

    boolean isEmpty() {
        return first == null;
    }
}
