package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.NodeView;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** Where the node is between its start and its end, and which changes are under way. Thread-safe. */
final class Lifecycle {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private volatile NodeView.State state = NodeView.State.STARTING;
    private volatile String reason = "it is starting";
    private int changes;

    NodeView.State state() {
        return state;
    }

    /** What the node waits for, for people; empty while it serves. */
    String reason() {
        return reason;
    }

    boolean isStopping() {
        return state == NodeView.State.STOPPING;
    }

    void starting(String what) {
        reason = what;
    }

    void serving() {
        lock.lock();
        try {
            state = NodeView.State.SERVING;
            reason = "";
        } finally {
            lock.unlock();
        }
    }

    /** No change begins from here on; long ones see {@link #isStopping} and end. */
    void stopping() {
        lock.lock();
        try {
            state = NodeView.State.STOPPING;
            reason = "it is stopping";
        } finally {
            lock.unlock();
        }
    }

    /** Makes a change of the node, which begins only while it serves and which a stop waits for. */
    <T> T change(Supplier<T> change) {
        begin();
        try {
            return change.get();
        } finally {
            end();
        }
    }

    private void begin() {
        lock.lock();
        try {
            switch (state) {
                case STARTING -> throw Failures.busy("the service is starting: " + reason);
                case STOPPING -> throw AdminException.shuttingDown();
                case SERVING -> changes++;
            }
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            changes--;
            idle.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the end of the changes under way; false if some are left after so long. */
    boolean awaitIdle(long timeoutNs) throws InterruptedException {
        lock.lock();
        try {
            long remainingNs = timeoutNs;
            while (changes > 0) {
                if (remainingNs <= 0) {
                    return false;
                }
                remainingNs = idle.awaitNanos(remainingNs);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }
}
