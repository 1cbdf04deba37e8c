package io.brickcache.sim;

import io.brickcache.block.IoOp;
import java.util.ArrayList;
import java.util.List;

/** What all bricks of a run share: the order of submits and answers, and every mutation by its id. */
final class History {

    private final List<Mutation> mutations = new ArrayList<>();
    private long ticks;

    /** The next point in the order of submits, answers and crashes. */
    long nextTick() {
        return ++ticks;
    }

    Mutation begin(IoOp op, int brick, long offset, long length) {
        Mutation mutation = new Mutation(mutations.size() + 1, op, brick, offset, length, nextTick());
        mutations.add(mutation);
        return mutation;
    }

    /** What is known of a write id that was found somewhere. */
    String describe(long writeId) {
        return writeId >= 1 && writeId <= mutations.size()
                ? mutations.get((int) writeId - 1).toString()
                : "id " + writeId + ", never written";
    }
}
