package io.brickcache.nbd.transmission;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.nbd.wire.MetaContext;
import io.brickcache.nbd.wire.NbdError;
import io.brickcache.nbd.wire.RequestHeader;
import io.brickcache.nbd.wire.TransmissionCodes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection in the transmission phase. Lives on the loop of its device; reads the socket itself (auto-read is off)
 * and only while it can take on more.
 *
 * <p>Invariants:
 * <ol>
 *   <li>Every request is answered exactly once, unless the connection is closed first; the answer comes after the work, or
 *       when the device has {@linkplain IoRequest#accepted accepted} a WRITE.
 *   <li>At most {@link #MAX_IN_FLIGHT} requests are in the device. Beyond that, while memory is short, and while the
 *       peer does not read (water marks of the channel), nothing more is read.
 *   <li>{@link Listener#ended} comes once, when the channel is closed, nothing is in the device and no buffer is held.
 *   <li>Answers are flushed by one task per turn of the loop, after all completions of that turn.
 * </ol>
 *
 * <p>The connection is kept after a bad request, since the stream is still in step: the payload of a WRITE that is
 * refused is read and dropped. It is closed without an answer where the stream cannot be trusted any more: a wrong
 * magic number, or a WRITE of more than {@link #MAX_DISCARDED_BYTES}. DISC, and {@link #drain}, wait for what is in
 * flight, write the answers, and close; a peer that does not take them within {@value #CLOSE_TIMEOUT_S} s is cut off.
 * So is one that leaves its answers, or half a WRITE, untouched for too long ({@link StallWatch}).
 */
@SuppressWarnings("FutureReturnValueIgnored") // the end of the channel is told by channelInactive
public final class TransmissionHandler extends ChannelInboundHandlerAdapter implements StallWatch.Debts {

    public static final int MAX_IN_FLIGHT = 128;
    /** BLOCK_STATUS requests are large objects, and rare. */
    static final int MAX_STATUS_IN_FLIGHT = 4;
    /** A refused WRITE of up to this is read and dropped: twice what any server announces. */
    static final long MAX_DISCARDED_BYTES = 2L * TransmissionCodes.MAX_PAYLOAD_BYTES;

    static final int CLOSE_TIMEOUT_S = 5;

    private static final Logger LOG = LoggerFactory.getLogger(TransmissionHandler.class);
    private static final byte[] DEVICE_ERROR = "the device could not do it".getBytes(StandardCharsets.US_ASCII);

    /** What the next bytes from the socket are. */
    private enum Phase {
        HEADER,
        /** Nothing: a request waits for memory or for a free request object. */
        EXECUTE,
        PAYLOAD,
        /** Payload of a WRITE that is refused. */
        DISCARD,
        /** Ignored: the connection ends when everything is answered. */
        ENDING
    }

    /** Told about the end, on the loop. */
    @FunctionalInterface
    public interface Listener {
        /** The connection is closed and uses neither device nor memory any more. */
        void ended();
    }

    private final BlockDevice device;
    private final TransmissionSettings settings;
    private final Listener listener;
    private final RequestValidator validator;
    private final ConnectionMemory memory;
    private final StallWatch stallWatch;
    private final PreparedRequests requests;
    private final IncomingWrite incoming;
    private final InboundBytes inbound = new InboundBytes();
    private final ByteBuffer headerBytes = ByteBuffer.allocate(TransmissionCodes.REQUEST_BYTES);
    private final RequestHeader header = new RequestHeader();
    private final Runnable resume = this::resume;

    private @Nullable ChannelHandlerContext context;
    private @Nullable ReplyBatch replies;
    private @Nullable Future<?> closeTimeout;

    private Phase phase = Phase.HEADER;
    private Rejection rejection = Rejection.BAD_FLAGS;
    private long discardLeft;

    private int inFlight;
    /** Answers whose memory the socket has not given back. */
    private int lent;

    private @Nullable LongSupplier encryptedBytes;
    private boolean advancing;
    private boolean resumeScheduled;
    private boolean reading;
    private boolean closing;
    private boolean closed;
    private boolean ended;

    /**
     * @param device used on the channel's loop only
     * @param memory of that loop
     * @param share what the export holds of it
     * @param stallTimeout how long a client may leave untouched what it is to take or to send
     */
    public TransmissionHandler(
            BlockDevice device,
            SharedMemory memory,
            SharedMemory.Share share,
            TransmissionSettings settings,
            Duration stallTimeout,
            Listener listener) {
        this.device = device;
        this.settings = settings;
        this.listener = listener;
        this.validator = new RequestValidator(settings, memory.pool());
        this.memory = new ConnectionMemory(memory, share, this::scheduleResume);
        this.incoming = new IncomingWrite(this.memory, this::endIfIdle);
        this.stallWatch = new StallWatch(stallTimeout, this);
        this.requests = new PreparedRequests(this, device, this.memory, settings.contexts());
    }

    /** What goes to the socket is something else than the answers: {@code bytes} tells how much, in all. */
    public void countingEncrypted(LongSupplier bytes) {
        encryptedBytes = bytes;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        this.context = context;
        this.replies = new ReplyBatch(context, settings.structuredReplies(), this::bufferReturned);
        stallWatch.start(context.channel());
        if (encryptedBytes == null
                && context.channel().config().getRecvByteBufAllocator() instanceof PayloadReceiver socket) {
            socket.payload(incoming::place);
        }
        scheduleResume();
    }

    /** Stops accepting requests, finishes those in flight, answers them and closes. On the loop; idempotent. */
    public void drain() {
        if (!closed && context != null) {
            beginEnding();
            scheduleResume();
        }
    }

    /** Requests in the device. */
    public int inFlight() {
        return inFlight;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof PayloadView place) {
            incoming.filled(place);
        } else {
            inbound.add((ByteBuf) message);
        }
        advance();
        if (replies().isPending() || phase == Phase.ENDING) {
            scheduleResume();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        reading = false;
        readIfWanted();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (context.channel().isWritable()) {
            scheduleResume();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        closed = true;
        stallWatch.stop();
        if (closeTimeout != null) {
            closeTimeout.cancel(false);
        }
        beginEnding();
        replies().clear();
        endIfIdle();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause.getCause() instanceof SSLException) {
            LOG.debug("{}: connection {} closed: broken TLS", device.name(), context.channel());
        } else if (cause instanceof IOException) {
            LOG.debug("{}: connection {} closed: {}", device.name(), context.channel(), cause.toString());
        } else {
            LOG.error("{}: connection {} closed; a bug, or no memory", device.name(), context.channel(), cause);
        }
        context.close();
    }

    void accepted(DataRequest request) {
        answer(request.cookie(), IoStatus.OK);
        if (!closed) {
            scheduleResume();
        }
    }

    void completed(DataRequest request, IoStatus status) {
        inFlight--;
        boolean hasBuffer = request.op() == IoOp.READ || request.op() == IoOp.WRITE;
        if (!closed && status.isOk() && request.op() == IoOp.READ) {
            lent++;
            replies().data(request.cookie(), request.offset(), request.buffer(), request.bufferOffset(), (int)
                    request.length());
        } else {
            if (hasBuffer) {
                memory.release(request.buffer());
            }
            if (!request.isAnswered()) {
                answer(request.cookie(), status);
            }
        }
        requests.recycle(request);
        afterCompletion();
    }

    void described(BlockStatusRequest request, IoStatus status) {
        inFlight--;
        if (closed) {
            requests.recycle(request);
        } else if (!status.isOk() || request.replyExtents() == 0) {
            answer(request.cookie(), status.and(IoStatus.IO_ERROR));
            requests.recycle(request);
        } else {
            MetaContext context = settings.contexts().get(request.contextIndex());
            boolean last = request.contextIndex() == settings.contexts().size() - 1;
            replies().status(request, context, last);
            if (last) {
                requests.recycle(request);
            } else {
                requests.prepareNextContext(request);
                submit(request);
            }
        }
        afterCompletion();
    }

    /** Takes on as much as is there and can be taken on. Completions that come meanwhile do not enter again. */
    private void advance() {
        if (advancing) {
            return;
        }
        advancing = true;
        try {
            boolean more;
            do {
                more = switch (phase) {
                    case HEADER -> readHeader();
                    case EXECUTE -> execute();
                    case PAYLOAD -> readPayload();
                    case DISCARD -> discardPayload();
                    case ENDING -> {
                        inbound.clear();
                        yield false;
                    }
                };
            } while (more);
        } finally {
            advancing = false;
        }
    }

    private boolean readHeader() {
        if (!canTakeOn() || !inbound.moveTo(headerBytes)) {
            return false;
        }
        header.decode(headerBytes.flip());
        headerBytes.clear();
        if (!header.hasMagic()) {
            cutOff("request with magic number 0x" + Integer.toHexString(header.magic()));
        } else if (header.type() == TransmissionCodes.CMD_DISC) {
            beginEnding();
        } else {
            Rejection found = validator.check(header, device.geometry());
            if (found == null) {
                phase = Phase.EXECUTE;
            } else {
                refuse(found);
            }
        }
        return true;
    }

    private void refuse(Rejection found) {
        if (header.type() != TransmissionCodes.CMD_WRITE) {
            replies().failed(header.cookie(), found.error(), found.message());
        } else if (header.length() > MAX_DISCARDED_BYTES) {
            cutOff("WRITE of " + header.length() + " bytes");
        } else {
            rejection = found;
            discardLeft = header.length();
            phase = Phase.DISCARD;
        }
    }

    private boolean discardPayload() {
        discardLeft -= inbound.skip(discardLeft);
        if (discardLeft > 0) {
            return false;
        }
        phase = Phase.HEADER;
        replies().failed(header.cookie(), rejection.error(), rejection.message());
        return true;
    }

    /** The header has been validated. Returns false if something it needs is not there yet. */
    private boolean execute() {
        IoRequest request = requests.prepare(header);
        if (request == null) {
            return false;
        }
        if (request.op() == IoOp.WRITE) {
            incoming.begin((DataRequest) request);
            phase = Phase.PAYLOAD;
        } else {
            phase = Phase.HEADER;
            submit(request);
        }
        return true;
    }

    private boolean readPayload() {
        incoming.take(inbound);
        DataRequest request = incoming.whole();
        if (request == null) {
            return false;
        }
        phase = Phase.HEADER;
        submit(request);
        return true;
    }

    private void submit(IoRequest request) {
        inFlight++;
        device.submit(request);
    }

    private void answer(long cookie, IoStatus status) {
        if (closed) {
            return;
        }
        if (status.isOk()) {
            replies().done(cookie);
        } else {
            replies().failed(cookie, NbdError.of(status), DEVICE_ERROR);
        }
    }

    private void afterCompletion() {
        if (closed) {
            endIfIdle();
        } else {
            scheduleResume();
        }
    }

    @Override
    public boolean isOwing() {
        return incoming.isUnderWay() || lent > 0;
    }

    @Override
    public long handedBytes() {
        return encryptedBytes == null ? replies().handedBytes() : encryptedBytes.getAsLong();
    }

    @Override
    public long receivedBytes() {
        return incoming.receivedBytes();
    }

    @Override
    public void stalled(Duration timeout) {
        LOG.info(
                "{}: {} closed: the client has neither taken its answers nor sent the rest of its request for {} s",
                device.name(),
                context().channel(),
                timeout.toSeconds());
        context().close();
    }

    private void bufferReturned(IoBuffer buffer) {
        lent--;
        memory.release(buffer);
        endIfIdle();
    }

    private void scheduleResume() {
        if (!resumeScheduled) {
            resumeScheduled = true;
            context().executor().execute(resume);
        }
    }

    private void resume() {
        resumeScheduled = false;
        if (closed) {
            return;
        }
        advance();
        replies().flush();
        readIfWanted();
        closeIfDone();
    }

    private boolean canTakeOn() {
        return !requests.isExhausted() && context().channel().isWritable();
    }

    private void readIfWanted() {
        if (reading || closed || !inbound.isEmpty()) {
            return;
        }
        boolean wanted = switch (phase) {
            case HEADER -> canTakeOn();
            case PAYLOAD, DISCARD -> true;
            case EXECUTE, ENDING -> false;
        };
        if (wanted) {
            reading = true;
            context().read();
        }
    }

    /** What was received and not submitted is dropped; what was submitted goes on. */
    private void beginEnding() {
        phase = Phase.ENDING;
        inbound.clear();
        memory.stopWaiting();
        DataRequest unfinished = incoming.abandon();
        if (unfinished != null) {
            requests.recycle(unfinished);
        }
    }

    private void closeIfDone() {
        if (phase != Phase.ENDING || inFlight > 0 || closing || closed) {
            return;
        }
        closing = true;
        ChannelHandlerContext current = context();
        closeTimeout = current.executor().schedule((Runnable) current::close, CLOSE_TIMEOUT_S, TimeUnit.SECONDS);
        current.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    private void cutOff(String reason) {
        LOG.warn(
                "{}: {} closed, the stream is out of step: {}",
                device.name(),
                context().channel(),
                reason);
        phase = Phase.ENDING;
        context().close();
    }

    private void endIfIdle() {
        if (closed && !ended && inFlight == 0 && memory.isIdle()) {
            ended = true;
            listener.ended();
        }
    }

    private ChannelHandlerContext context() {
        ChannelHandlerContext current = context;
        if (current == null) {
            throw new IllegalStateException("not in a pipeline");
        }
        return current;
    }

    private ReplyBatch replies() {
        ReplyBatch current = replies;
        if (current == null) {
            throw new IllegalStateException("not in a pipeline");
        }
        return current;
    }
}
