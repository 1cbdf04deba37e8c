package io.brickcache.app;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The least that a client needs: EXPORT_NAME, one request at a time, simple replies. */
final class NbdClient implements AutoCloseable {

    private static final int FIXED_NEWSTYLE_NO_ZEROES = 3;
    private static final long OPTION = 0x49484156454f5054L;
    private static final int EXPORT_NAME = 1;
    private static final int REQUEST = 0x25609513;
    private static final int SIMPLE_REPLY = 0x67446698;
    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int FLUSH = 3;

    private final SocketChannel channel;
    private long sizeBytes;
    private long cookie;

    private NbdClient(SocketChannel channel) {
        this.channel = channel;
    }

    /** Connects; an unknown export closes the connection, which is an EOFException. */
    static NbdClient connect(Path socket, String export) throws IOException {
        NbdClient client = new NbdClient(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
        try {
            client.receive(18);
            byte[] name = export.getBytes(StandardCharsets.UTF_8);
            client.send(ByteBuffer.allocate(20 + name.length)
                    .putInt(FIXED_NEWSTYLE_NO_ZEROES)
                    .putLong(OPTION)
                    .putInt(EXPORT_NAME)
                    .putInt(name.length)
                    .put(name));
            client.sizeBytes = client.receive(10).getLong();
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    long sizeBytes() {
        return sizeBytes;
    }

    void write(long offset, byte[] data) throws IOException {
        request(WRITE, offset, data.length, data);
    }

    byte[] read(long offset, int length) throws IOException {
        request(READ, offset, length, new byte[0]);
        return receive(length).array();
    }

    void flush() throws IOException {
        request(FLUSH, 0, 0, new byte[0]);
    }

    private void request(int command, long offset, int length, byte[] data) throws IOException {
        cookie++;
        send(ByteBuffer.allocate(28 + data.length)
                .putInt(REQUEST)
                .putShort((short) 0)
                .putShort((short) command)
                .putLong(cookie)
                .putLong(offset)
                .putInt(length)
                .put(data));
        ByteBuffer reply = receive(16);
        if (reply.getInt() != SIMPLE_REPLY) {
            throw new IOException("not a simple reply");
        }
        int error = reply.getInt();
        if (error != 0) {
            throw new IOException("error " + error);
        }
        if (reply.getLong() != cookie) {
            throw new IOException("the answer to another request");
        }
    }

    private void send(ByteBuffer bytes) throws IOException {
        bytes.flip();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private ByteBuffer receive(int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new EOFException("the server closed the connection");
            }
        }
        return bytes.flip();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
