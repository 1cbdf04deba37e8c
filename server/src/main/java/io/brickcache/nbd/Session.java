package io.brickcache.nbd;

import io.brickcache.nbd.handshake.Export;
import io.brickcache.nbd.transmission.TransmissionHandler;
import io.brickcache.nbd.transmission.TransmissionSettings;
import io.netty.channel.Channel;
import java.util.concurrent.CompletableFuture;

/** A connection in the transmission phase, as others than its loop see it. */
final class Session {

    private final Channel channel;
    private final Export export;
    private final TransmissionHandler handler;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    Session(Channel channel, Export export, TransmissionSettings settings) {
        this.channel = channel;
        this.export = export;
        this.handler = new TransmissionHandler(export.device(), export.buffers(), settings, this::end);
    }

    Channel channel() {
        return channel;
    }

    Export export() {
        return export;
    }

    TransmissionHandler handler() {
        return handler;
    }

    /** Any thread: requests in flight are finished, then the connection is closed. */
    void drain() {
        export.loop().execute(handler::drain);
    }

    /** It never began, or is over: neither the device nor memory is used by it any more. */
    void end() {
        ended.complete(null);
    }

    CompletableFuture<Void> ended() {
        return ended;
    }
}
