package io.brickcache.interop;

/** How a program ended and what it said. */
record Outcome(String command, int exitCode, String output, String errors) {

    /** Returns this when the program ended with 0; otherwise fails the test with all it said. */
    Outcome succeeded() {
        return exitedWith(0);
    }

    /** Returns this when the program ended with {@code expected}; otherwise fails the test with all it said. */
    Outcome exitedWith(int expected) {
        if (exitCode != expected) {
            throw new AssertionError("exit code " + exitCode + " instead of " + expected + ": " + this);
        }
        return this;
    }

    @Override
    public String toString() {
        return command + "\nexit code " + exitCode + "\nstdout:\n" + output + "\nstderr:\n" + errors;
    }
}
