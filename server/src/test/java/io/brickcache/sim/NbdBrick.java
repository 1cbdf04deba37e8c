package io.brickcache.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.Geometry;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import io.brickcache.sim.wire.NbdPeer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A brick as a client sees it that has several connections to its export: each request takes any of them. Requests on a
 * connection that breaks are submitted again on another one when the server has done with the broken one, as the client
 * of a kernel does; so a break shows in nothing but time.
 */
final class NbdBrick implements BlockDevice {

    private final NbdSystem system;
    private final int index;
    private final SimLoop loop;
    private final SeededEntropy entropy;
    private final BlockDevice served;
    private final List<NbdPeer> peers = new ArrayList<>();
    private int connections;
    private @Nullable Runnable onLeft;

    NbdBrick(NbdSystem system, int index, SimLoop loop, SeededEntropy entropy, BlockDevice served) {
        this.system = system;
        this.index = index;
        this.loop = loop;
        this.entropy = entropy;
        this.served = served;
    }

    BlockDevice served() {
        return served;
    }

    /** Opens the connections; {@code ready} runs for each one. */
    void connect(int count, Runnable ready) {
        for (int i = 0; i < count; i++) {
            connectOne(i == 0, ready);
        }
    }

    private void connectOne(boolean structured, Runnable ready) {
        String export = "b" + index + "#" + connections++;
        NbdPeer.Habits habits =
                NbdPeer.Habits.draw(entropy, structured || entropy.chance(0.5), system.minWindowBytes());
        NbdPeer peer = new NbdPeer(loop, entropy.split(export), system.server(), export, habits, this::ended);
        peers.add(peer);
        peer.connect(system.events(), ready);
    }

    private void ended(NbdPeer peer, List<IoRequest> unanswered) {
        peers.remove(peer);
        system.forget(peer.export());
        if (onLeft == null) {
            connectOne(peer.isStructured(), () -> {});
            unanswered.forEach(this::sendAgain);
        } else if (peers.isEmpty()) {
            onLeft.run();
        }
    }

    /** One of the connections breaks. */
    void breakOne() {
        if (onLeft != null) {
            return;
        }
        NbdPeer peer = peers.get(entropy.nextInt(peers.size()));
        if (peer.isUsable()) {
            peer.breakDown();
        }
    }

    /** All connections end in order, by the client's wish or by the server's; {@code left} runs when they have. */
    void leave(Runnable left) {
        onLeft = left;
        for (NbdPeer peer : List.copyOf(peers)) {
            if (!peer.isUsable()) {
                continue;
            }
            peer.leave(entropy.chance(0.5) ? null : () -> system.disconnect(peer.export()));
        }
    }

    void crash() {
        peers.forEach(NbdPeer::crash);
    }

    @Override
    public void submit(IoRequest request) {
        if (request.op() == IoOp.TRIM && !geometry().canTrim()) {
            // Not announced, and advice anyway.
            loop.execute(() -> request.completed(IoStatus.OK));
        } else if (request.has(IoRequest.FAST_ZERO) && !geometry().canFastZero()) {
            loop.execute(() -> request.completed(IoStatus.NOT_SUPPORTED));
        } else {
            send(request);
            if (entropy.chance(system.breakRate())) {
                loop.schedule(entropy.nextLong(2_000_000), this::breakOne);
            }
        }
    }

    private void sendAgain(IoRequest request) {
        if (request instanceof ClientRequest clientRequest) {
            clientRequest.sentAgain();
        }
        send(request);
    }

    private void send(IoRequest request) {
        List<NbdPeer> able = new ArrayList<>();
        for (NbdPeer peer : peers) {
            if (peer.isUsable() && (peer.isStructured() || request.op() != IoOp.EXTENTS)) {
                able.add(peer);
            }
        }
        if (able.isEmpty()) {
            loop.schedule(1_000_000, () -> send(request));
        } else {
            able.get(entropy.nextInt(able.size())).submit(request);
        }
    }

    @Override
    public Geometry geometry() {
        return served.geometry();
    }

    @Override
    public String name() {
        return served.name();
    }

    @Override
    public void close() {
        // The server's to close.
    }
}
