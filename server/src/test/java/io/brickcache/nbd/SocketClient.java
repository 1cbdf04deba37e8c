package io.brickcache.nbd;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A blocking client of a few lines. */
public final class SocketClient implements AutoCloseable {

    private final Closeable connection;
    private final DataInputStream in;
    private final OutputStream out;

    private SocketClient(Closeable connection, InputStream in, OutputStream out) {
        this.connection = connection;
        this.in = new DataInputStream(in);
        this.out = out;
    }

    private static SocketClient over(SocketAddress address) throws IOException {
        SocketChannel channel = SocketChannel.open(address);
        return new SocketClient(channel, Channels.newInputStream(channel), Channels.newOutputStream(channel));
    }

    public static SocketClient unix(Path path) throws IOException {
        return over(UnixDomainSocketAddress.of(path));
    }

    public static SocketClient tcp(int port) throws IOException {
        return over(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** Agrees on fixed newstyle, begins TLS, and has completed its handshake; another greeting does not follow. */
    public static SocketClient tls(int port, SSLContext context) throws IOException {
        Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
        SocketClient negotiating = new SocketClient(plain, plain.getInputStream(), plain.getOutputStream());
        negotiating.receive(18);
        negotiating.send(Bytes.of().u32(3).array(), Bytes.option(5, new byte[0]));
        byte[] answer = negotiating.receive(20);
        if (!Arrays.equals(answer, Bytes.optionReply(5, 1, new byte[0]))) {
            throw new IOException("STARTTLS was refused: " + Arrays.toString(answer));
        }
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, "localhost", port, true);
        try {
            socket.startHandshake();
        } catch (IOException e) {
            socket.close();
            throw e;
        }
        return new SocketClient(socket, socket.getInputStream(), socket.getOutputStream());
    }

    /** Negotiates simple replies up to GO; {@code early} goes out in the same write, before any answer. */
    public SocketClient go(String export, byte[]... early) throws IOException {
        send(Bytes.of().u32(3).array(), choice(export), Bytes.join(early));
        receive(18);
        return chosen();
    }

    /** As {@link #go}, after {@link #tls}. */
    public SocketClient goSecured(String export, byte[]... early) throws IOException {
        send(choice(export), Bytes.join(early));
        return chosen();
    }

    private static byte[] choice(String export) {
        return Bytes.join(
                Bytes.option(3, new byte[0]),
                Bytes.option(7, Bytes.of().string(export).u16(0).array()));
    }

    private SocketClient chosen() throws IOException {
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
        out.write(Bytes.join(parts));
        out.flush();
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
        connection.close();
    }
}
