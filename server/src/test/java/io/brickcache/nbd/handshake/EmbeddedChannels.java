package io.brickcache.nbd.handshake;

import io.brickcache.nbd.NbdConnections;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;

/** More connections to the same server. */
final class EmbeddedChannels {

    private final NbdConnections connections;
    private final List<EmbeddedChannel> channels = new ArrayList<>();

    EmbeddedChannels(NbdConnections connections) {
        this.connections = connections;
    }

    /** Connects once more; false if the server closed the connection. */
    boolean open() {
        EmbeddedChannel channel = new EmbeddedChannel(connections);
        channel.runPendingTasks();
        channels.add(channel);
        return channel.isOpen();
    }

    /** True if the server has not closed the connection that was opened as that one, from 0. */
    boolean isOpen(int index) {
        channels.get(index).runPendingTasks();
        return channels.get(index).isOpen();
    }

    void closeAll() {
        channels.forEach(EmbeddedChannel::finishAndReleaseAll);
    }
}
