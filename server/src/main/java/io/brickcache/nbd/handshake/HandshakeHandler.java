package io.brickcache.nbd.handshake;

import io.brickcache.nbd.wire.HandshakeCodes;
import io.brickcache.nbd.wire.OptionEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Negotiates with one client, from the greeting to the choice of an export. Reads the socket itself (auto-read is off).
 *
 * <p>Limits: an option's payload is held up to {@link #MAX_OPTION_BYTES} and passed over with ERR_TOO_BIG up to
 * {@link #MAX_SKIPPED_BYTES}; at most {@link #MAX_OPTIONS} options; all of it within a timeout. A client that breaks
 * one of the last three, or the form of the stream (magic numbers, unknown client flags), is disconnected, as there is
 * no answer the protocol has for it. The next option is not looked at while the client does not read the answers.
 *
 * <p>With a {@link TlsUpgrade} nothing but STARTTLS and ABORT is done before TLS has begun (FORCEDTLS in the protocol
 * document). What was agreed before is forgotten then, and bytes that came with STARTTLS, which anybody on the way may
 * have added, end the connection.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the end of the channel is told by channelInactive
public final class HandshakeHandler extends ChannelInboundHandlerAdapter {

    static final int MAX_OPTION_BYTES = 64 << 10;
    static final int MAX_SKIPPED_BYTES = 1 << 20;
    static final int MAX_OPTIONS = 256;

    private static final Logger LOG = LoggerFactory.getLogger(HandshakeHandler.class);

    /** What the next bytes from the socket are. */
    private enum Phase {
        CLIENT_FLAGS,
        OPTION_HEADER,
        OPTION_PAYLOAD,
        /** Payload that is not looked at. */
        SKIP,
        /** Nothing: the export's loop is asked for its geometry. */
        WAITING,
        /** An export was chosen: not ours any more. */
        CHOSEN,
        CLOSING
    }

    private final OptionNegotiation negotiation;
    private final Duration timeout;
    private final @Nullable TlsUpgrade tls;
    private final ByteBuf inbound;
    private @Nullable Future<?> deadline;

    private Phase phase = Phase.CLIENT_FLAGS;
    private boolean reading;
    private boolean advancing;
    private boolean fixedNewstyle;
    /** TLS has begun, or is not asked for. */
    private boolean secured;

    private int option;
    private int options;
    private long payloadLength;

    /**
     * @param timeout for the whole negotiation, TLS included
     * @param tls if the client has to begin TLS; otherwise it cannot
     * @param handover gets the connection in the end
     */
    public HandshakeHandler(ExportDirectory exports, Duration timeout, @Nullable TlsUpgrade tls, Handover handover) {
        this.negotiation = new OptionNegotiation(exports, handover);
        this.timeout = timeout;
        this.tls = tls;
        this.secured = tls == null;
        this.inbound = Unpooled.buffer(256, MAX_OPTION_BYTES + MAX_SKIPPED_BYTES);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        ByteBuf greeting = context.alloc().buffer();
        OptionEncoder.greeting(greeting);
        context.writeAndFlush(greeting, context.voidPromise());
        deadline = context.executor()
                .schedule(
                        () -> disconnect(context, "no export chosen within " + timeout),
                        timeout.toNanos(),
                        TimeUnit.NANOSECONDS);
        readIfWanted(context);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            if (phase != Phase.CLOSING) {
                inbound.discardSomeReadBytes().writeBytes(bytes);
            }
        } finally {
            bytes.release();
        }
        advance(context);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        reading = false;
        context.flush();
        readIfWanted(context);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (context.channel().isWritable() && !advancing) {
            proceed(context);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        phase = Phase.CLOSING;
        stopClock();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        stopClock();
        inbound.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause.getCause() instanceof SSLException refused) {
            // Where it is not TLS the message holds all that the client has sent.
            String reason = refused instanceof NotSslRecordException ? "not TLS" : refused.getMessage();
            LOG.info("NBD: TLS with {} failed: {}", context.channel().remoteAddress(), reason);
        } else if (!(cause instanceof IOException)) {
            LOG.error("{}: a bug in the negotiation, or no memory", context.channel(), cause);
        }
        disconnect(context, cause.getClass().getSimpleName());
    }

    private void proceed(ChannelHandlerContext context) {
        advance(context);
        context.flush();
        readIfWanted(context);
    }

    private void readIfWanted(ChannelHandlerContext context) {
        boolean wanted = phase != Phase.WAITING && phase != Phase.CHOSEN && phase != Phase.CLOSING;
        if (wanted && !reading && context.channel().isWritable()) {
            reading = true;
            context.read();
        }
    }

    private void advance(ChannelHandlerContext context) {
        advancing = true;
        try {
            while (context.channel().isWritable() && step(context)) {
                // one option after the other
            }
        } finally {
            advancing = false;
        }
    }

    /** Returns false if more bytes are needed, or none are wanted. */
    private boolean step(ChannelHandlerContext context) {
        return switch (phase) {
            case CLIENT_FLAGS -> readClientFlags(context);
            case OPTION_HEADER -> readOptionHeader(context);
            case OPTION_PAYLOAD -> readOptionPayload(context);
            case SKIP -> skip();
            case WAITING, CHOSEN, CLOSING -> false;
        };
    }

    private boolean readClientFlags(ChannelHandlerContext context) {
        if (inbound.readableBytes() < 4) {
            return false;
        }
        int flags = inbound.readInt();
        int known = HandshakeCodes.FLAG_FIXED_NEWSTYLE | HandshakeCodes.FLAG_NO_ZEROES;
        if ((flags & ~known) != 0) {
            disconnect(context, "unknown client flags 0x" + Integer.toHexString(flags));
            return false;
        }
        fixedNewstyle = (flags & HandshakeCodes.FLAG_FIXED_NEWSTYLE) != 0;
        negotiation.agreeNoZeroes((flags & HandshakeCodes.FLAG_NO_ZEROES) != 0);
        phase = Phase.OPTION_HEADER;
        return true;
    }

    private boolean readOptionHeader(ChannelHandlerContext context) {
        if (inbound.readableBytes() < HandshakeCodes.OPTION_HEADER_BYTES) {
            return false;
        }
        long magic = inbound.readLong();
        option = inbound.readInt();
        payloadLength = inbound.readUnsignedInt();
        if (magic != HandshakeCodes.OPTION_MAGIC) {
            disconnect(context, "option with magic number 0x" + Long.toHexString(magic));
        } else if (++options > MAX_OPTIONS) {
            disconnect(context, "more than " + MAX_OPTIONS + " options");
        } else if (option != HandshakeCodes.OPT_EXPORT_NAME && !fixedNewstyle) {
            disconnect(context, "option " + option + " from a client that does not speak fixed newstyle");
        } else if (payloadLength > MAX_SKIPPED_BYTES) {
            disconnect(context, "option " + option + " of " + payloadLength + " bytes");
        } else {
            return beginPayload(context);
        }
        return false;
    }

    private boolean beginPayload(ChannelHandlerContext context) {
        if (!secured && option != HandshakeCodes.OPT_ABORT) {
            return beginUnsecured(context);
        }
        if (tls != null && option == HandshakeCodes.OPT_STARTTLS) {
            phase = Phase.SKIP;
            negotiation.refuse(context, option, HandshakeCodes.REP_ERR_INVALID, "TLS has begun already");
        } else if (!OptionNegotiation.isKnown(option)) {
            phase = Phase.SKIP;
            negotiation.refuse(context, option, HandshakeCodes.REP_ERR_UNSUP, "option " + option + " is not supported");
        } else if (payloadLength <= MAX_OPTION_BYTES) {
            phase = Phase.OPTION_PAYLOAD;
        } else if (option == HandshakeCodes.OPT_EXPORT_NAME) {
            disconnect(context, "export name of " + payloadLength + " bytes");
            return false;
        } else {
            phase = Phase.SKIP;
            negotiation.refuse(
                    context, option, HandshakeCodes.REP_ERR_TOO_BIG, MAX_OPTION_BYTES + " bytes are the limit");
        }
        return true;
    }

    /** An option other than ABORT, before TLS. */
    private boolean beginUnsecured(ChannelHandlerContext context) {
        if (option == HandshakeCodes.OPT_EXPORT_NAME) {
            disconnect(context, "EXPORT_NAME without TLS");
            return false;
        }
        if (option != HandshakeCodes.OPT_STARTTLS) {
            phase = Phase.SKIP;
            negotiation.refuse(
                    context,
                    option,
                    HandshakeCodes.REP_ERR_TLS_REQD,
                    "this server speaks TLS only; begin with STARTTLS");
            return true;
        }
        if (payloadLength > 0) {
            phase = Phase.SKIP;
            negotiation.refuse(context, option, HandshakeCodes.REP_ERR_INVALID, "STARTTLS with a payload");
            return true;
        }
        if (inbound.isReadable()) {
            disconnect(context, "more in the clear after STARTTLS");
            return false;
        }
        startTls(context);
        return false;
    }

    private void startTls(ChannelHandlerContext context) {
        ByteBuf answer = context.alloc().buffer();
        OptionEncoder.ack(answer, option);
        context.writeAndFlush(answer, context.voidPromise());
        negotiation.forget();
        secured = true;
        phase = Phase.OPTION_HEADER;
        Objects.requireNonNull(tls).install(context);
    }

    private boolean skip() {
        int count = (int) Math.min(payloadLength, inbound.readableBytes());
        inbound.skipBytes(count);
        payloadLength -= count;
        if (payloadLength > 0) {
            return false;
        }
        phase = Phase.OPTION_HEADER;
        return true;
    }

    private boolean readOptionPayload(ChannelHandlerContext context) {
        if (inbound.readableBytes() < payloadLength) {
            return false;
        }
        phase = Phase.WAITING;
        negotiation.execute(context, option, inbound, (int) payloadLength, outcome -> settle(context, outcome));
        return phase != Phase.WAITING;
    }

    /** The option has been answered; at once, or later by way of the export's loop. */
    private void settle(ChannelHandlerContext context, OptionNegotiation.Outcome outcome) {
        if (phase != Phase.WAITING) {
            negotiation.dropAnswer(); // closed meanwhile
            return;
        }
        switch (outcome) {
            case NEXT -> {
                phase = Phase.OPTION_HEADER;
                if (!advancing) {
                    proceed(context);
                }
            }
            case CHOSEN -> {
                phase = Phase.CHOSEN;
                stopClock();
                negotiation.handOver(context, inbound.readBytes(inbound.readableBytes()));
            }
            case ABORTED -> {
                phase = Phase.CLOSING;
                context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            }
            case UNANSWERABLE -> disconnect(context, "EXPORT_NAME of an export that does not exist");
        }
    }

    private void disconnect(ChannelHandlerContext context, String reason) {
        LOG.debug("{} disconnected during the handshake: {}", context.channel(), reason);
        phase = Phase.CLOSING;
        stopClock();
        context.close();
    }

    private void stopClock() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }
}
