package io.brickcache.nbd;

import io.brickcache.nbd.handshake.Export;
import io.brickcache.nbd.transmission.SharedMemory;
import io.brickcache.nbd.transmission.TransmissionHandler;
import io.brickcache.nbd.transmission.TransmissionSettings;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A connection in the transmission phase, as others than its loop see it. */
final class Session {

    private final Channel channel;
    private final Export export;
    private final Consumer<Session> leave;
    private final TransmissionHandler handler;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    /** @param leave runs when it ends, before {@link #ended} is completed */
    Session(
            Channel channel,
            Export export,
            SharedMemory memory,
            SharedMemory.Share share,
            TransmissionSettings settings,
            Duration stallTimeout,
            Consumer<Session> leave) {
        this.channel = channel;
        this.export = export;
        this.leave = leave;
        this.handler = new TransmissionHandler(export.device(), memory, share, settings, stallTimeout, this::end);
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
        leave.accept(this);
        ended.complete(null);
    }

    CompletableFuture<Void> ended() {
        return ended;
    }
}
