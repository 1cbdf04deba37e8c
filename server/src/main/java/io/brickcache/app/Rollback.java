package io.brickcache.app;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes back, in reverse order, what was done so far, unless it is told that everything went well. */
final class Rollback implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Rollback.class);

    /** Takes one step back. */
    @FunctionalInterface
    interface Step {
        void undo() throws Exception;
    }

    private final Deque<Step> steps = new ArrayDeque<>();

    /** Something was done that {@code step} takes back. */
    void add(Step step) {
        steps.push(step);
    }

    /** All went well: nothing is taken back. */
    void keep() {
        steps.clear();
    }

    /** Takes everything back; what fails is logged and does not keep the rest from being taken back. */
    @Override
    public void close() {
        while (!steps.isEmpty()) {
            try {
                steps.pop().undo();
            } catch (Exception e) {
                LOG.warn("What was begun could not be taken back whole", e);
            }
        }
    }
}
