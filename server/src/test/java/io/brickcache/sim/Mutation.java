package io.brickcache.sim;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoStatus;
import org.jspecify.annotations.Nullable;

/** One WRITE, TRIM or WRITE_ZEROES as the model knows it. Times are ticks of the {@link History}. */
final class Mutation {

    static final long NOT_ANSWERED = Long.MAX_VALUE;

    final long id;
    final IoOp op;
    final int brick;
    final long offset;
    final long length;
    final long submitted;

    private long answered = NOT_ANSWERED;
    private @Nullable IoStatus status;
    private boolean durable;

    Mutation(long id, IoOp op, int brick, long offset, long length, long submitted) {
        this.id = id;
        this.op = op;
        this.brick = brick;
        this.offset = offset;
        this.length = length;
        this.submitted = submitted;
    }

    /** The same content, as something that may or may not have survived a crash at {@code tick}. */
    Mutation survivor(long tick) {
        Mutation copy = new Mutation(id, op, brick, offset, length, tick);
        copy.answered = tick;
        copy.durable = durable;
        return copy;
    }

    void answer(long tick, IoStatus how, boolean durableNow) {
        answered = tick;
        status = how;
        durable = durableNow;
    }

    void makeDurable() {
        durable = true;
    }

    boolean isDurable() {
        return durable;
    }

    long answered() {
        return answered;
    }

    /** What a sector holds if this is its newest content: the write id, or zeroes. */
    long content() {
        return op == IoOp.WRITE ? id : SectorContent.ZEROES;
    }

    /** True if the sector surely was given this content. A TRIM may have left it alone, a failed write too. */
    boolean isCertain() {
        return status == IoStatus.OK && op != IoOp.TRIM;
    }

    /** True if it was answered with an error. */
    boolean hasFailed() {
        return status != null && !status.isOk();
    }

    /** True if a sector may read as this now and as something else a moment later. */
    boolean isUnstable() {
        return op == IoOp.TRIM;
    }

    @Override
    public String toString() {
        return op + " " + id + " [sectors " + offset / SectorContent.SECTOR_BYTES + " to "
                + (offset + length) / SectorContent.SECTOR_BYTES + " of b" + brick + ", submitted " + submitted
                + (answered == NOT_ANSWERED ? ", in flight" : ", answered " + answered)
                + (status == null || status.isOk() ? "" : " " + status) + (durable ? ", durable" : "") + "]";
    }
}
