package io.brickcache.cache;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.BrickRecord;
import java.util.function.Consumer;

/**
 * Remembers outside the SSD which bricks have dirty data, for the time when the SSD cannot be asked. The engine has it
 * recorded before the first dirty block of a brick becomes durable; so a brick that is recorded with none has none.
 */
@FunctionalInterface
public interface DirtyWitness {

    /** Remembers nothing: for tests, and where nobody will ask. */
    DirtyWitness NONE = (brick, dirtyBytes, done) -> done.accept(IoStatus.OK);

    /**
     * Makes durable that the brick has so much dirty data; zero is exact, more is about. Called on the loop; {@code done}
     * is called on the loop, possibly before this returns. What is recorded later takes effect later.
     */
    void record(BrickRecord brick, long dirtyBytes, Consumer<IoStatus> done);
}
