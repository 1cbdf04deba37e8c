package io.brickcache.sim.wire;

import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import io.brickcache.nbd.NbdConnections;
import io.brickcache.nbd.wire.MetaContext;
import io.brickcache.nbd.wire.NbdError;
import io.brickcache.nbd.wire.TransmissionCodes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A client with one connection: turns requests into the bytes of the protocol and answers into completions. Whatever the
 * server says that the protocol does not allow is an AssertionError: answers to nothing, a second answer, data of another
 * length or place, the end of a connection that nobody asked for.
 */
public final class NbdPeer {

    /** What the client does of what the protocol leaves open. */
    public record Habits(boolean structured, boolean goes, boolean eager, int windowBytes, long maxLatencyNs) {

        /** Anything, as it comes. */
        public static Habits draw(SeededEntropy entropy, boolean structured, int minWindowBytes) {
            return new Habits(
                    structured,
                    entropy.chance(0.8),
                    entropy.chance(0.3),
                    minWindowBytes * entropy.pick(1, 16, 256),
                    entropy.pick(1_000L, 50_000L, 1_000_000L));
        }
    }

    /** Told about the end, on the loop. */
    public interface Listener {
        /**
         * The server uses neither the device nor memory for this connection any more.
         *
         * @param unanswered in the order in which they were submitted; whether they were done nobody knows
         */
        void ended(NbdPeer peer, List<IoRequest> unanswered);
    }

    private static final long LONGEST_LOOK_NS = 1_000_000_000L;

    private final SimLoop loop;
    private final SeededEntropy entropy;
    private final NbdConnections server;
    private final String export;
    private final Habits habits;
    private final Listener listener;
    private final SimChannel channel;
    private final Wire toServer;
    private final Wire toClient;
    private final Map<Long, Asked> asked = new LinkedHashMap<>();
    private final List<IoRequest> early = new ArrayList<>();
    private final ByteBuf inbound = Unpooled.buffer();
    private final Greeter greeter;

    private @Nullable Runnable onReady;
    private boolean transmitting;
    private boolean leaving;
    private boolean ended;
    private long cookies;
    private int takenBytes;

    /** A request that waits for its answer. */
    private static final class Asked {
        final IoRequest request;
        long dataBytes;
        IoStatus status = IoStatus.OK;

        Asked(IoRequest request) {
            this.request = request;
        }
    }

    /** Not connected yet; {@code export} is a name that no other connection has. */
    public NbdPeer(
            SimLoop loop,
            SeededEntropy entropy,
            NbdConnections server,
            String export,
            Habits habits,
            Listener listener) {
        this.loop = loop;
        this.entropy = entropy;
        this.server = server;
        this.export = export;
        this.habits = habits;
        this.listener = listener;
        this.toClient = new Wire(loop, entropy, habits.maxLatencyNs(), this::received);
        this.channel = new SimChannel(habits.windowBytes(), toClient::send);
        this.toServer = new Wire(loop, entropy, habits.maxLatencyNs(), channel::arrive);
        this.greeter = new Greeter(export, habits.structured(), habits.goes());
    }

    /** Connects; {@code ready} runs when the export is chosen. */
    public void connect(SimEventLoop events, Runnable ready) {
        onReady = ready;
        channel.closeFuture().addListener(future -> loop.execute(this::closed));
        channel.pipeline().addLast(server);
        events.register(channel).addListener(registered -> {
            if (!registered.isSuccess()) {
                throw new IllegalStateException("the connection cannot be registered", registered.cause());
            }
        });
    }

    /** True if it can be asked to describe ranges. */
    public boolean isStructured() {
        return habits.structured();
    }

    /** True until it is told to leave, or lost. */
    public boolean isUsable() {
        return !leaving;
    }

    public String export() {
        return export;
    }

    public void submit(IoRequest request) {
        if (transmitting || habits.eager() && greeter.hasChosen()) {
            send(request);
        } else {
            early.add(request);
        }
    }

    /** The connection breaks: what is under way in either direction is lost, half a request as well. */
    public void breakDown() {
        leaving = true;
        toServer.cut();
        toClient.cut();
        if (entropy.chance(0.5)) {
            loop.schedule(entropy.nextLong(habits.maxLatencyNs()), channel::reset);
        } else {
            loop.schedule(entropy.nextLong(habits.maxLatencyNs()), channel::hangUp);
        }
    }

    /** Ends the connection in order, nothing being unanswered: says goodbye, or has the server end it. */
    public void leave(@Nullable Runnable askServer) {
        if (!transmitting) {
            onReady = () -> leave(askServer);
            return;
        }
        leaving = true;
        if (askServer == null) {
            toServer.send(header(TransmissionCodes.CMD_DISC, 0, 0, 0, 0));
        } else {
            askServer.run();
        }
    }

    /** The node is down: frees what Netty holds, tells nobody. */
    public void crash() {
        ended = true;
        toServer.cut();
        toClient.cut();
        channel.reset();
    }

    private void closed() {
        if (ended) {
            return;
        }
        if (!leaving) {
            throw new AssertionError(
                    "the server closed the connection to " + export + " with " + asked.size() + " requests unanswered");
        }
        awaitEnd(10_000);
    }

    /** What was submitted on the connection may still be under way in the device. */
    private void awaitEnd(long lookNs) {
        if (server.countByExport().containsKey(export)) {
            loop.schedule(lookNs, () -> awaitEnd(Math.min(2 * lookNs, LONGEST_LOOK_NS)));
            return;
        }
        ended = true;
        List<IoRequest> unanswered = new ArrayList<>();
        asked.values().forEach(one -> unanswered.add(one.request));
        unanswered.addAll(early);
        inbound.release();
        listener.ended(this, unanswered);
    }

    // ---- to the server

    private void send(IoRequest request) {
        long cookie = ++cookies;
        asked.put(cookie, new Asked(request));
        boolean write = request.op() == IoOp.WRITE;
        byte[] header = header(
                command(request.op()),
                flags(request),
                cookie,
                request.op() == IoOp.FLUSH ? 0 : request.offset(),
                request.length());
        if (!write) {
            toServer.send(header);
            return;
        }
        byte[] whole = new byte[TransmissionCodes.REQUEST_BYTES + (int) request.length()];
        System.arraycopy(header, 0, whole, 0, TransmissionCodes.REQUEST_BYTES);
        request.buffer()
                .bytes(request.bufferOffset(), (int) request.length())
                .get(whole, TransmissionCodes.REQUEST_BYTES, (int) request.length());
        toServer.send(whole);
    }

    private static byte[] header(int type, int flags, long cookie, long offset, long length) {
        return ByteBuffer.allocate(TransmissionCodes.REQUEST_BYTES)
                .putInt(TransmissionCodes.REQUEST_MAGIC)
                .putShort((short) flags)
                .putShort((short) type)
                .putLong(cookie)
                .putLong(offset)
                .putInt((int) length)
                .array();
    }

    private static int command(IoOp op) {
        return switch (op) {
            case READ -> TransmissionCodes.CMD_READ;
            case WRITE -> TransmissionCodes.CMD_WRITE;
            case FLUSH -> TransmissionCodes.CMD_FLUSH;
            case TRIM -> TransmissionCodes.CMD_TRIM;
            case WRITE_ZEROES -> TransmissionCodes.CMD_WRITE_ZEROES;
            case CACHE -> TransmissionCodes.CMD_CACHE;
            case EXTENTS -> TransmissionCodes.CMD_BLOCK_STATUS;
        };
    }

    private static int flags(IoRequest request) {
        int flags = request.has(IoRequest.FUA) ? TransmissionCodes.CMD_FLAG_FUA : 0;
        flags |= request.has(IoRequest.NO_HOLE) ? TransmissionCodes.CMD_FLAG_NO_HOLE : 0;
        return flags | (request.has(IoRequest.FAST_ZERO) ? TransmissionCodes.CMD_FLAG_FAST_ZERO : 0);
    }

    // ---- from the server

    private void received(byte[] bytes) {
        inbound.writeBytes(bytes);
        takenBytes += bytes.length;
        if (takenBytes >= habits.windowBytes() / 2) {
            // In large steps: small ones would cut what follows ever smaller.
            channel.taken(takenBytes);
            takenBytes = 0;
        }
        boolean more = true;
        while (more && !ended) {
            more = transmitting ? readReply() : readGreeting();
        }
        if (!ended) {
            inbound.discardSomeReadBytes();
        }
    }

    private boolean readGreeting() {
        byte[] answer = greeter.read(inbound);
        if (answer == null) {
            return false;
        }
        if (answer.length > 0) {
            toServer.send(answer);
            if (habits.eager()) {
                sendEarly();
            }
        }
        if (greeter.isDone()) {
            transmitting = true;
            sendEarly();
            Runnable ready = onReady;
            onReady = null;
            if (ready != null) {
                ready.run();
            }
        }
        return true;
    }

    private void sendEarly() {
        if (!leaving) {
            List<IoRequest> all = List.copyOf(early);
            early.clear();
            all.forEach(this::send);
        }
    }

    private boolean readReply() {
        if (inbound.readableBytes() < TransmissionCodes.SIMPLE_REPLY_BYTES) {
            return false;
        }
        int magic = inbound.getInt(inbound.readerIndex());
        if (magic == TransmissionCodes.SIMPLE_REPLY_MAGIC) {
            return readSimple();
        }
        if (magic == TransmissionCodes.STRUCTURED_REPLY_MAGIC && habits.structured()) {
            return readChunk();
        }
        throw new AssertionError("a reply begins with 0x" + Integer.toHexString(magic));
    }

    private boolean readSimple() {
        int start = inbound.readerIndex();
        int error = inbound.getInt(start + 4);
        long cookie = inbound.getLong(start + 8);
        Asked one = find(cookie);
        IoRequest request = one.request;
        boolean data = request.op() == IoOp.READ && error == 0;
        if (habits.structured() && (data || request.op() == IoOp.EXTENTS)) {
            throw new AssertionError(request + " has a simple reply although structured ones were agreed");
        }
        int length = data ? (int) request.length() : 0;
        if (inbound.readableBytes() < TransmissionCodes.SIMPLE_REPLY_BYTES + length) {
            return false;
        }
        inbound.skipBytes(TransmissionCodes.SIMPLE_REPLY_BYTES);
        if (data) {
            inbound.readBytes(request.buffer().bytes(request.bufferOffset(), length));
        }
        one.dataBytes = length;
        one.status = status(error);
        finish(cookie, one);
        return true;
    }

    private boolean readChunk() {
        int start = inbound.readerIndex();
        if (inbound.readableBytes() < TransmissionCodes.CHUNK_HEADER_BYTES
                || inbound.readableBytes() - TransmissionCodes.CHUNK_HEADER_BYTES < inbound.getInt(start + 16)) {
            return false;
        }
        int flags = inbound.getUnsignedShort(start + 4);
        int type = inbound.getUnsignedShort(start + 6);
        long cookie = inbound.getLong(start + 8);
        int length = inbound.getInt(start + 16);
        inbound.skipBytes(TransmissionCodes.CHUNK_HEADER_BYTES);
        Asked one = find(cookie);
        readPayload(one, type, inbound.readSlice(length));
        if ((flags & TransmissionCodes.CHUNK_FLAG_DONE) != 0) {
            finish(cookie, one);
        }
        return true;
    }

    private static void readPayload(Asked one, int type, ByteBuf payload) {
        IoRequest request = one.request;
        switch (type) {
            case TransmissionCodes.CHUNK_ERROR -> one.status = status(payload.readInt());
            case TransmissionCodes.CHUNK_OFFSET_DATA -> {
                long at = payload.readLong() - request.offset();
                int length = payload.readableBytes();
                if (request.op() != IoOp.READ || at < 0 || length > request.length() - at) {
                    throw new AssertionError(request + " is answered with " + length + " bytes at " + at);
                }
                payload.readBytes(request.buffer().bytes(request.bufferOffset() + (int) at, length));
                one.dataBytes += length;
            }
            case TransmissionCodes.CHUNK_BLOCK_STATUS -> readStatus(one, payload);
            default -> throw new AssertionError(request + " is answered with a chunk of type " + type);
        }
    }

    private static void readStatus(Asked one, ByteBuf payload) {
        if (!(one.request instanceof ExtentsRequest extents)) {
            throw new AssertionError(one.request + " is answered with extents");
        }
        int context = payload.readInt();
        boolean wanted = context
                == (extents.context() == ExtentsRequest.Context.ALLOCATION
                        ? MetaContext.ALLOCATION.id()
                        : MetaContext.RESIDENCY.id());
        long described = 0;
        while (payload.isReadable()) {
            long length = payload.readUnsignedInt();
            int state = payload.readInt();
            described += length;
            if (length == 0 || described > extents.length()) {
                throw new AssertionError(extents + " is described up to " + described + " by an extent of " + length);
            }
            if (wanted) {
                extents.add(length, state);
                one.dataBytes += length;
            }
        }
    }

    private Asked find(long cookie) {
        Asked one = asked.get(cookie);
        if (one == null) {
            throw new AssertionError("an answer to request " + cookie + " of " + cookies
                    + (cookie >= 1 && cookie <= cookies ? ", answered before" : ", never sent"));
        }
        return one;
    }

    private void finish(long cookie, Asked one) {
        asked.remove(cookie);
        IoRequest request = one.request;
        if (one.status.isOk() && request.op() == IoOp.READ && one.dataBytes != request.length()) {
            throw new AssertionError(request + " is answered with " + one.dataBytes + " bytes");
        }
        if (one.status.isOk() && request.op() == IoOp.EXTENTS && one.dataBytes == 0) {
            throw new AssertionError(request + " is not described");
        }
        request.completed(one.status);
    }

    private static IoStatus status(int error) {
        for (IoStatus status : IoStatus.values()) {
            if (NbdError.of(status).number() == error) {
                return status;
            }
        }
        throw new AssertionError("error number " + error);
    }
}
