package io.brickcache.interop;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * A small NBD client over a Unix socket: fixed newstyle, GO, simple replies, as many requests in flight as the caller
 * likes. One thread uses it. Written apart from the server's code, so that an error there is not made here as well.
 */
final class NbdClient implements AutoCloseable {
    static final int EIO = 5;

    static final int FUA = 1;
    static final int NO_HOLE = 1 << 1;

    private static final long GREETING = 0x4e42444d41474943L;
    private static final long OPTION = 0x49484156454f5054L;
    private static final long OPTION_REPLY = 0x3e889045565a9L;
    private static final int REQUEST = 0x25609513;
    private static final int SIMPLE_REPLY = 0x67446698;
    private static final int OPTION_GO = 7;
    private static final int REPLY_ACK = 1;
    private static final int REPLY_INFO = 3;
    private static final int INFO_EXPORT = 0;

    /** What a request asks for; the ordinal is not the number on the wire. */
    enum Command {
        READ(0),
        WRITE(1),
        FLUSH(3),
        TRIM(4),
        WRITE_ZEROES(6);

        private final int code;

        Command(int code) {
            this.code = code;
        }
    }

    /** A request in flight; {@code data} is what is written, or the space for what is read. Its length is the request's. */
    record Request(Command command, int flags, long offset, int length, ByteBuffer data) {
        static Request read(long offset, int length) {
            return new Request(Command.READ, 0, offset, length, ByteBuffer.allocate(length));
        }

        static Request write(long offset, int flags, ByteBuffer data) {
            return new Request(Command.WRITE, flags, offset, data.remaining(), data);
        }

        static Request zero(long offset, int flags, int length) {
            return new Request(Command.WRITE_ZEROES, flags, offset, length, ByteBuffer.allocate(0));
        }

        static Request flush() {
            return new Request(Command.FLUSH, 0, 0, 0, ByteBuffer.allocate(0));
        }
    }

    private final SocketChannel channel;
    private final ByteBuffer header = ByteBuffer.allocate(32);
    private final Map<Long, Request> inFlight = new HashMap<>();
    private long nextCookie;
    private long sizeBytes;

    private NbdClient(SocketChannel channel) {
        this.channel = channel;
    }

    static NbdClient connect(Path socket, String export) throws IOException {
        NbdClient client = new NbdClient(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
        try {
            client.negotiate(export);
        } catch (IOException | RuntimeException e) {
            client.channel.close();
            throw e;
        }
        return client;
    }

    long sizeBytes() {
        return sizeBytes;
    }

    int inFlight() {
        return inFlight.size();
    }

    /** Sends a request and does not wait for its answer. */
    void send(Request request) throws IOException {
        long cookie = nextCookie++;
        inFlight.put(cookie, request);
        header.clear();
        header.putInt(REQUEST)
                .putShort((short) request.flags())
                .putShort((short) request.command().code)
                .putLong(cookie)
                .putLong(request.offset())
                .putInt(request.length())
                .flip();
        write(header);
        if (request.command() == Command.WRITE) {
            write(request.data().duplicate());
        }
    }

    /** Waits for the next answer, of whichever request, which must be a success. The data of a read is ready to be taken. */
    Request receive() throws IOException {
        Answer answer = receiveAnswer();
        if (answer.error() != 0) {
            throw new AssertionError("error " + answer.error() + " for " + answer.request());
        }
        return answer.request();
    }

    /** Sends one request and returns the error of its answer, 0 for success; nothing else may be in flight. */
    int attempt(Request request) throws IOException {
        send(request);
        return receiveAnswer().error();
    }

    private record Answer(Request request, int error) {}

    private Answer receiveAnswer() throws IOException {
        read(header.clear().limit(16));
        if (header.getInt() != SIMPLE_REPLY) {
            throw new IOException("not a simple reply");
        }
        int error = header.getInt();
        Request request = inFlight.remove(header.getLong());
        if (request == null) {
            throw new IOException("an answer to nothing that was asked");
        }
        if (error == 0 && request.command() == Command.READ) {
            read(request.data());
        }
        return new Answer(request, error);
    }

    /** Sends one request and waits for its answer; nothing else may be in flight. */
    Request call(Request request) throws IOException {
        send(request);
        return receive();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void negotiate(String export) throws IOException {
        read(header.clear().limit(18));
        if (header.getLong() != GREETING || header.getLong() != OPTION) {
            throw new IOException("not an NBD server of the new style");
        }
        int serverFlags = header.getShort();
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(4 + 16 + 6 + name.length);
        out.putInt(serverFlags & 3);
        out.putLong(OPTION).putInt(OPTION_GO).putInt(6 + name.length);
        out.putInt(name.length).put(name).putShort((short) 0).flip();
        write(out);
        int type;
        do {
            read(header.clear().limit(20));
            long magic = header.getLong();
            header.getInt();
            type = header.getInt();
            ByteBuffer body = ByteBuffer.allocate(header.getInt());
            read(body);
            if (magic != OPTION_REPLY || (type != REPLY_ACK && type != REPLY_INFO)) {
                throw new IOException("export " + export + " refused with reply type " + Integer.toHexString(type)
                        + ": " + StandardCharsets.UTF_8.decode(body));
            }
            if (type == REPLY_INFO && body.getShort() == INFO_EXPORT) {
                sizeBytes = body.getLong();
            }
        } while (type != REPLY_ACK);
    }

    private void write(ByteBuffer source) throws IOException {
        while (source.hasRemaining()) {
            channel.write(source);
        }
    }

    /** Fills the buffer up to its limit and makes it ready to be taken. */
    private void read(ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                throw new EOFException("the server closed the connection");
            }
        }
        target.flip();
    }
}
