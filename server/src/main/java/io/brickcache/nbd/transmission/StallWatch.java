package io.brickcache.nbd.transmission;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Notices a client that owes something, the taking of its answers or the rest of a WRITE, and does nothing about it for
 * too long. It looks a few times per timeout and costs a request nothing. {@value #LEAST_BYTES} bytes from one look to the
 * next are something; a byte now and then is not.
 */
final class StallWatch {

    private static final int LOOKS = 4;
    private static final long LEAST_BYTES = 16 << 10;

    private final Duration timeout;
    private final Debts debts;
    private @Nullable Future<?> looking;
    private long movedBefore;
    private int quietLooks;

    /** What the connection knows of its client's debts. */
    interface Debts {
        /** True if the client has begun a WRITE, or has answers to take that hold memory of the pool. */
        boolean isOwing();

        /** Bytes of answers that were handed to the socket, in all. */
        long handedBytes();

        /** Bytes of the payload of WRITEs that came, in all. */
        long receivedBytes();

        /** The client has not moved for as long as it may. */
        void stalled(Duration timeout);
    }

    StallWatch(Duration timeout, Debts debts) {
        this.timeout = timeout;
        this.debts = debts;
    }

    void start(Channel channel) {
        long periodNs = Math.max(1, timeout.toNanos() / LOOKS);
        looking =
                channel.eventLoop().scheduleAtFixedRate(() -> look(channel), periodNs, periodNs, TimeUnit.NANOSECONDS);
    }

    void stop() {
        if (looking != null) {
            looking.cancel(false);
            looking = null;
        }
    }

    private void look(Channel channel) {
        ChannelOutboundBuffer outbound = channel.unsafe().outboundBuffer();
        long pending = outbound == null ? 0 : outbound.totalPendingWriteBytes();
        long begun = outbound == null ? 0 : outbound.currentProgress();
        // What was handed over and is not there any more the client has taken.
        long moved = debts.handedBytes() - pending + begun + debts.receivedBytes();
        if (moved - movedBefore >= LEAST_BYTES || (pending == 0 && !debts.isOwing())) {
            quietLooks = 0;
            movedBefore = moved;
        } else if (++quietLooks >= LOOKS) {
            stop();
            debts.stalled(timeout);
        }
    }
}
