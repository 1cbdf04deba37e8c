package io.brickcache.block.sim;

/** What a {@link SimDevice} does about a request that breaks its rules. */
public enum Misuse {
    /** Throws: in a simulation the engine must not even ask. */
    THROWS,
    /** Answers with the error status that a real device gives. */
    ANSWERS
}
