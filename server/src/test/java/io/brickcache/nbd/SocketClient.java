package io.brickcache.nbd;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** A blocking client of a few lines. */
public final class SocketClient implements AutoCloseable {

    private final SocketChannel channel;
    private final DataInputStream in;

    private SocketClient(SocketAddress address) throws IOException {
        channel = SocketChannel.open(address);
        in = new DataInputStream(Channels.newInputStream(channel));
    }

    public static SocketClient unix(Path path) throws IOException {
        return new SocketClient(UnixDomainSocketAddress.of(path));
    }

    public static SocketClient tcp(int port) throws IOException {
        return new SocketClient(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** Negotiates simple replies up to GO; {@code early} goes out in the same write, before any answer. */
    public SocketClient go(String export, byte[]... early) throws IOException {
        send(
                Bytes.of().u32(3).array(),
                Bytes.option(3, new byte[0]),
                Bytes.option(7, Bytes.of().string(export).u16(0).array()),
                Bytes.join(early));
        receive(18);
        int option;
        int type;
        do {
            in.readLong();
            option = in.readInt();
            type = in.readInt();
            receive(in.readInt());
        } while (option != 7 || type != 1);
        return this;
    }

    public void send(byte[]... parts) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(Bytes.join(parts));
        while (all.hasRemaining()) {
            channel.write(all);
        }
    }

    public byte[] receive(int count) throws IOException {
        byte[] bytes = new byte[count];
        in.readFully(bytes);
        return bytes;
    }

    /** True when the server has closed the connection; waits for that or for a byte. */
    public boolean isAtEnd() throws IOException {
        try {
            return in.read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
