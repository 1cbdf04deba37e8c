package io.brickcache.sim.wire;

import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.function.Consumer;

/** One direction of a connection: bytes arrive in order, later, and cut into other pieces than they were sent in. */
final class Wire {

    private static final int MAX_PIECES = 3;

    private final SimLoop loop;
    private final SeededEntropy entropy;
    private final long maxLatencyNs;
    private final Consumer<byte[]> end;
    private final Deque<byte[]> underWay = new ArrayDeque<>();
    private boolean cut;

    Wire(SimLoop loop, SeededEntropy entropy, long maxLatencyNs, Consumer<byte[]> end) {
        this.loop = loop;
        this.entropy = entropy;
        this.maxLatencyNs = maxLatencyNs;
        this.end = end;
    }

    void send(byte[] bytes) {
        int pieces = entropy.chance(0.3) ? entropy.between(2, MAX_PIECES) : 1;
        int from = 0;
        for (int left = pieces; left > 0 && from < bytes.length; left--) {
            int to = left == 1 ? bytes.length : from + 1 + entropy.nextInt(bytes.length - from);
            underWay.add(Arrays.copyOfRange(bytes, from, to));
            from = to;
            loop.schedule(entropy.chance(0.2) ? 0 : entropy.nextLong(maxLatencyNs + 1), this::arrive);
        }
    }

    /** What is under way is lost, what is sent from now on too. */
    void cut() {
        cut = true;
        underWay.clear();
    }

    /** The oldest piece, whichever timer it is: nothing overtakes. */
    private void arrive() {
        if (!cut) {
            end.accept(underWay.remove());
        }
    }
}
