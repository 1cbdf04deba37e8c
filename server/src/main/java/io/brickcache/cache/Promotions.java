package io.brickcache.cache;

import org.jspecify.annotations.Nullable;

/** What is read from the disk of one brick and may be promoted. */
final class Promotions {

    private @Nullable Promotion first;

    void add(Promotion promotion) {
        promotion.next = first;
        if (first != null) {
            first.previous = promotion;
        }
        promotion.previous = null;
        first = promotion;
    }

    void remove(Promotion promotion) {
        if (promotion.previous == null) {
            first = promotion.next;
        } else {
            promotion.previous.next = promotion.next;
        }
        if (promotion.next != null) {
            promotion.next.previous = promotion.previous;
        }
        promotion.next = null;
        promotion.previous = null;
    }

    /** A writer begins on the blocks [firstBlock, lastBlock]: what was read from the disk there is not promoted. */
    void invalidate(long firstBlock, long lastBlock) {
        for (Promotion promotion = first; promotion != null; promotion = promotion.next) {
            promotion.invalidate(firstBlock, lastBlock);
        }
    }

    /** Behind the last block of the read of which something that it misses is being read to be promoted; 0 if there is none. */
    long endOfReading(ReadOp op) {
        long end = 0;
        for (Promotion promotion = first; promotion != null; promotion = promotion.next) {
            end = Math.max(end, promotion.endOfReading(op));
        }
        return end;
    }

    boolean isEmpty() {
        return first == null;
    }
}
